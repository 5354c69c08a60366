import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { type EventType, GenfleetError, type Topic, topicsOf } from '@genfleet/job';
import type { ChangeListeners } from './change-listeners.ts';
import { Coverage } from './coverage.ts';
import { Fold } from './fold.ts';
import { spareHeap } from './heap-thrift.ts';
import { Places } from './places.ts';
import { TopicFeed } from './topic-feed.ts';
import type { Change } from './view.ts';
import { closeViewFile, isDamage, openViewFile, remake } from './view-file.ts';
import type { ViewOptions } from './view-options.ts';
import { ViewStore } from './view-store.ts';

/** One transaction, once the view answers and while it is built: about 4 and 40 ms of the event loop. */
const CHUNK = { messages: 100, budgetMs: 3 };
const BUILDING_CHUNK = { messages: 1_000, budgetMs: 25 };
const RETRY_MS = 1_000;
/** How long the fold waits for the slowest topic of a replay, so that events of a job are folded together. */
const STRAGGLER_MS = 20;
const PROGRESS_MS = 5_000;
const CLOSE_MS = 5_000;
/** A view that folds nothing still moves its window on. */
const TRIM_MS = 10_000;

/** Keeps a store folded up to the ends of the topics: reads, commits in chunks, recovers. */
export class Folding {
  readonly places = new Places();
  readonly coverage: Coverage;
  store: ViewStore;
  ready = false;
  readonly #options: ViewOptions;
  readonly #listeners: ChangeListeners;
  readonly #topics: readonly { readonly type: EventType; readonly topic: Topic }[];
  readonly #closing = new AbortController();
  #stopSparing = spareHeap();
  #fold: Fold;
  #unreadableBefore = 0;
  /** The feeds and their end; replaced whole after a failure. */
  #session = new AbortController();
  #feeds: TopicFeed[] = [];
  readonly #running = new Set<Promise<void>>();
  #wake = Promise.withResolvers<void>();
  #becameReady = Promise.withResolvers<void>();
  #fault: { readonly err: unknown } | undefined;
  #folded = 0;
  #reportedMs = performance.now();
  readonly #done: Promise<void>;
  readonly #trimTimer: NodeJS.Timeout | undefined;

  constructor(options: ViewOptions, listeners: ChangeListeners) {
    this.#options = options;
    this.#listeners = listeners;
    this.#topics = options.kinds.flatMap(topicsOf);
    const { store, rebuilt } = openStore(options.file);
    this.store = store;
    this.coverage = new Coverage(options, (feeds) => this.#addFeeds(feeds));
    if (rebuilt !== undefined) this.coverage.begin(this.store);
    else if (!this.coverage.resume(this.store)) this.#remake('it does not reach back far enough', false);
    this.#fold = new Fold(this.store, options.log);
    if (rebuilt !== undefined) options.log.info({}, `building the view: ${rebuilt}`);
    this.#done = this.#run();
    if (options.windowMs !== undefined)
      this.#trimTimer = setInterval(() => this.#wake.resolve(), TRIM_MS).unref();
  }

  get unreadable(): number {
    return this.#unreadableBefore + this.#fold.unreadable;
  }

  /** A reader found the file damaged: it is made anew. */
  distrust(err: unknown): void {
    this.#fault ??= { err };
    this.#wake.resolve();
  }

  /** @see LocalView.caughtUp */
  async caughtUp(timeoutMs: number): Promise<boolean> {
    const until = performance.now() + timeoutMs;
    const timer = new AbortController();
    const signal = AbortSignal.any([timer.signal, this.#closing.signal]);
    const late = sleep(timeoutMs, undefined, { signal }).catch(() => undefined);
    const ends = Promise.all(
      this.#topics.map(async ({ topic }) => ({ topic, end: await this.#options.bus.lastMessageId(topic) })),
    );
    const known = await Promise.race([ends.catch(() => late), late]);
    timer.abort();
    const leftMs = Math.max(0, until - performance.now());
    const reached = known?.map(
      ({ topic, end }) => end === undefined || this.places.reached(topic.name, end, leftMs),
    );
    if (reached === undefined || !(await Promise.all(reached)).every(Boolean)) return false;
    return this.ready || this.#becomesReady(until - performance.now());
  }

  /** Topics without messages are not read to their end by any message. */
  async #becomesReady(withinMs: number): Promise<boolean> {
    const timer = new AbortController();
    const signal = AbortSignal.any([timer.signal, this.#closing.signal]);
    const late = sleep(Math.max(0, withinMs), undefined, { signal }).catch(() => undefined);
    await Promise.race([this.#becameReady.promise, late]);
    timer.abort();
    return this.ready;
  }

  async close(): Promise<void> {
    if (this.#closing.signal.aborted) return;
    this.#closing.abort();
    this.#session.abort();
    clearInterval(this.#trimTimer);
    this.#stopSparing();
    this.#wake.resolve();
    this.places.close();
    this.coverage.close();
    await Promise.race([this.#done, sleep(CLOSE_MS, undefined, { ref: false })]);
    closeViewFile(this.store.db);
  }

  async #run(): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      try {
        await this.#checkSource().catch((err: unknown) => this.#awaitBus(err));
        if (signal.aborted) break;
        this.#startFeeds();
        await this.#pump();
      } catch (err) {
        if (signal.aborted) break;
        this.#recover(err);
        await sleep(RETRY_MS, undefined, { signal }).catch(() => undefined);
      }
    }
    await Promise.all(this.#running);
  }

  /** Until the bus answers, the file is believed: it is asked meanwhile, and nothing is folded. */
  async #awaitBus(err: unknown): Promise<void> {
    const { signal } = this.#closing;
    this.#options.log.warn({ err }, 'the view waits for the bus');
    while (!signal.aborted) {
      await sleep(RETRY_MS, undefined, { signal }).catch(() => undefined);
      if (
        await this.#checkSource().then(
          () => true,
          () => false,
        )
      )
        return;
    }
  }

  /** A file that has read further than the topics reach is of another ledger, or of one that was wiped. */
  async #checkSource(): Promise<void> {
    for (const { topic } of this.#topics) {
      const cursor = this.store.cursors.get(topic.name);
      if (cursor === undefined) continue;
      const end = await this.#options.bus.lastMessageId(topic);
      if (this.#closing.signal.aborted) return;
      if (end !== undefined && end >= cursor) continue;
      this.#remake(`the ledger ends before what it holds of ${topic.name}`, true);
      return;
    }
  }

  #remake(reason: string, log: boolean): void {
    if (log) this.#options.log.warn({}, `building the view anew: ${reason}`);
    this.store.db.close();
    this.#replaceStore(new ViewStore(remake(this.#options.file, reason).db));
    this.coverage.begin(this.store);
    this.places.reset();
    this.ready = false;
    this.#becameReady = Promise.withResolvers();
    this.#stopSparing();
    this.#stopSparing = spareHeap();
  }

  #replaceStore(store: ViewStore): void {
    this.#unreadableBefore += this.#fold?.unreadable ?? 0;
    this.store = store;
    this.#fold = new Fold(store, this.#options.log);
  }

  /** The file is the truth, so what memory holds is read from it again; a damaged file is made anew. */
  #recover(err: unknown): void {
    this.#options.log.error({ err }, 'folding failed; trying again');
    this.#session.abort();
    this.#fault = undefined;
    this.coverage.interrupt();
    try {
      if (isDamage(err)) this.#remake('it is damaged', true);
      else this.#replaceStore(new ViewStore(this.store.db));
    } catch (again) {
      this.#options.log.error({ err: again }, 'the view can not be read; making it anew');
      this.#remake('it can not be read', true);
    }
  }

  #startFeeds(): void {
    this.#session = new AbortController();
    this.#feeds = [];
    for (const [topic, cursor] of this.store.cursors) this.places.advance(topic, cursor);
    const feeds = this.#topics.map(({ type, topic }) => {
      const cursor = this.store.cursors.get(topic.name);
      return { type, topic, from: cursor === undefined ? this.coverage.start() : { afterMessageId: cursor } };
    });
    this.#addFeeds(feeds);
  }

  #addFeeds(feeds: Parameters<ConstructorParameters<typeof Coverage>[1]>[0]): TopicFeed[] {
    const { bus, log } = this.#options;
    const { signal } = this.#session;
    const added = feeds.map(
      (feed) => new TopicFeed({ ...feed, bus, log, signal, wake: () => this.#wake.resolve() }),
    );
    this.#feeds = [...this.#feeds, ...added];
    for (const feed of added) {
      const running = feed.run().finally(() => this.#running.delete(running));
      this.#running.add(running);
    }
    return added;
  }

  async #pump(): Promise<void> {
    while (!this.#closing.signal.aborted) {
      this.#wake = Promise.withResolvers();
      if (this.#fault) throw this.#fault.err;
      const heads = this.#feeds.filter((feed) => feed.head());
      const isTrimming = this.coverage.trim(this.store, this.#fold);
      this.#settle();
      if (heads.length === 0 && !isTrimming) {
        await this.#wake.promise;
        continue;
      }
      if (!this.ready && this.#feeds.some((feed) => !feed.reachedEnd && !feed.head())) {
        await Promise.race([this.#wake.promise, sleep(STRAGGLER_MS)]);
      }
      if (heads.length > 0) this.#chunk();
      await nextTurn();
    }
  }

  /** One transaction: the next messages of all topics, oldest first, and how far each topic was read. */
  #chunk(): void {
    const { messages, budgetMs } = this.ready ? CHUNK : BUILDING_CHUNK;
    const until = performance.now() + budgetMs;
    const read = new Map<string, string>();
    const changes: Change[] = [];
    this.store.transact(() => {
      for (let count = 0; count < messages && (count % 16 !== 0 || performance.now() < until); count++) {
        const feed = oldestHead(this.#feeds);
        const message = feed?.head();
        if (!feed || !message) break;
        const change = this.#fold.apply(feed.type, message, this.coverage.foldsFromMs);
        feed.take();
        if (!feed.isBackfill) read.set(feed.topic.name, message.messageId);
        if (change && !this.#listeners.isEmpty) changes.push(change);
        this.#folded += 1;
      }
      this.#fold.flush();
      for (const [topic, messageId] of read) this.store.saveCursor(topic, messageId);
    });
    this.#settle();
    for (const [topic, messageId] of read) this.places.advance(topic, messageId);
    this.#listeners.notify(changes);
  }

  /** Notes which topics were read to their end. */
  #settle(): void {
    for (const feed of this.#feeds) {
      feed.head();
      const { firstEnd, isBackfill, reachedEnd, topic } = feed;
      if (isBackfill || !reachedEnd || firstEnd === undefined) continue;
      if ((this.store.cursors.get(topic.name) ?? '') < firstEnd) {
        this.store.transact(() => this.store.saveCursor(topic.name, firstEnd));
        this.places.advance(topic.name, firstEnd);
      }
    }
    this.#feeds = this.#feeds.filter((feed) => !(feed.isBackfill && feed.reachedEnd));
    this.coverage.settle(this.store);
    const isReady = this.#feeds.every((feed) => feed.isBackfill || feed.reachedEnd);
    const isDue = performance.now() - this.#reportedMs > PROGRESS_MS;
    if (!this.ready && (isReady || isDue)) {
      this.#reportedMs = performance.now();
      this.#options.log.info(
        {},
        `view ${isReady ? 'ready' : 'being built'}: ${this.#folded} messages folded`,
      );
    }
    if (this.ready || !isReady) return;
    this.ready = true;
    this.#stopSparing();
    this.#becameReady.resolve();
  }
}

/** A file that opens may still turn out damaged as its counts are read. */
function openStore(file: string): { store: ViewStore; rebuilt: string | undefined } {
  const { db, rebuilt } = openViewFile(file);
  try {
    return { store: new ViewStore(db), rebuilt };
  } catch (err) {
    db.close();
    if (!isDamage(err)) throw GenfleetError.from(err, 'ledger_failed');
    const reason = 'it is damaged';
    return { store: new ViewStore(remake(file, reason).db), rebuilt: reason };
  }
}

function oldestHead(feeds: readonly TopicFeed[]): TopicFeed | undefined {
  let oldest: TopicFeed | undefined;
  let oldestMs = Number.POSITIVE_INFINITY;
  for (const feed of feeds) {
    const timeMs = feed.head()?.publishTimeMs;
    if (timeMs === undefined || timeMs >= oldestMs) continue;
    oldest = feed;
    oldestMs = timeMs;
  }
  return oldest;
}
