import { type FeedOptions, TopicFeed } from './topic-feed.ts';

/** What is to be read, and from where. */
export type FeedSpec = Pick<FeedOptions, 'topic' | 'type' | 'from' | 'until'>;

/** All topics that are being read. */
export class TopicFeeds {
  readonly #shared: Pick<FeedOptions, 'bus' | 'log' | 'wake'>;
  readonly #running = new Set<Promise<void>>();
  #stopping = new AbortController();
  #feeds: readonly TopicFeed[] = [];

  constructor(shared: Pick<FeedOptions, 'bus' | 'log' | 'wake'>) {
    this.#shared = shared;
  }

  /** Begins to read these, and these alone. */
  start(specs: readonly FeedSpec[]): void {
    this.stop();
    this.#stopping = new AbortController();
    this.#feeds = [];
    this.add(specs);
  }

  add(specs: readonly FeedSpec[]): readonly TopicFeed[] {
    const { signal } = this.#stopping;
    const added = specs.map((spec) => new TopicFeed({ ...this.#shared, ...spec, signal }));
    this.#feeds = [...this.#feeds, ...added];
    for (const feed of added) {
      const running = feed.run().finally(() => this.#running.delete(running));
      this.#running.add(running);
    }
    return added;
  }

  stop(): void {
    this.#stopping.abort();
  }

  /** Resolves once all reading that was stopped has ended. */
  async ended(): Promise<void> {
    await Promise.all(this.#running);
  }

  /** The feed whose next message was published first, undefined when nothing waits to be folded. */
  oldest(): TopicFeed | undefined {
    let oldest: TopicFeed | undefined;
    let oldestMs = Number.POSITIVE_INFINITY;
    for (const feed of this.#feeds) {
      const timeMs = feed.head()?.publishTimeMs;
      if (timeMs === undefined || timeMs >= oldestMs) continue;
      oldest = feed;
      oldestMs = timeMs;
    }
    return oldest;
  }

  /** Whether a topic that has more to give is still being fetched. */
  awaitsMore(): boolean {
    return this.#feeds.some((feed) => !feed.head() && !feed.reachedEnd);
  }

  /** The topics that are tailed by now, with where they ended when their reading began. */
  tailed(): readonly { readonly topic: string; readonly firstEnd: string | undefined }[] {
    const tailed = this.#feeds.filter((feed) => !feed.head() && feed.reachedEnd && !feed.isBackfill);
    return tailed.map(({ topic, firstEnd }) => ({ topic: topic.name, firstEnd }));
  }

  /** Lets go of what was read again to its end. */
  dropEnded(): void {
    if (this.#feeds.some((feed) => feed.isBackfill && feed.reachedEnd)) {
      this.#feeds = this.#feeds.filter((feed) => !(feed.isBackfill && feed.reachedEnd));
    }
  }
}
