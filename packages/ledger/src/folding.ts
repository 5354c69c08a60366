import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { type EventType, type JobState, type Topic, topicsOf } from '@genfleet/job';
import type { ChangeListeners } from './change-listeners.ts';
import { Coverage } from './coverage.ts';
import { foldedToEnds } from './fence.ts';
import { Fold } from './fold.ts';
import { FoldProgress, progressText } from './fold-progress.ts';
import { spareHeap } from './heap-thrift.ts';
import type { JobCounts } from './job-counts.ts';
import { openStore } from './open-store.ts';
import { Places } from './places.ts';
import type { TopicFeed } from './topic-feed.ts';
import { TopicFeeds } from './topic-feeds.ts';
import type { Change } from './view.ts';
import { closeViewFile, isDamage, remake } from './view-file.ts';
import type { ViewOptions } from './view-options.ts';
import { ViewStore } from './view-store.ts';

/** One transaction, once the view answers and while it is built: about 4 and 40 ms of the event loop. */
const CHUNK = { messages: 100, budgetMs: 3 };
const BUILDING_CHUNK = { messages: 1_000, budgetMs: 25 };
const RETRY_MS = 1_000;
/** Nobody waits for the fold of a completion but those who want it stopped: about a token's time. */
const COMPLETIONS_PACE_MS = 5;
/** How long the fold waits for the slowest topic of a replay, so that events of a job are folded together. */
const STRAGGLER_MS = 20;
const PROGRESS_MS = 5_000;
const CLOSE_MS = 5_000;
/** A view that folds nothing still moves its window on. */
const TRIM_MS = 10_000;
/**
 * How long what was folded may be in memory alone: most of a short job's life then reaches the file as one row. A crash
 * costs no more than reading it again.
 */
const UNSAVED = { jobs: 64, ms: 200 };

/** Keeps a store folded up to the ends of the topics: reads, commits in chunks, recovers. */
export class Folding {
  readonly places = new Places();
  readonly coverage: Coverage;
  readonly progress: FoldProgress;
  store: ViewStore;
  ready = false;
  readonly #options: ViewOptions;
  readonly #listeners: ChangeListeners;
  readonly #topics: readonly { readonly type: EventType; readonly topic: Topic }[];
  readonly #closing = new AbortController();
  #stopSparing = spareHeap();
  #fold: Fold;
  #unreadableBefore = 0;
  readonly #feeds: TopicFeeds;
  #wake = Promise.withResolvers<void>();
  #becameReady = Promise.withResolvers<void>();
  #fault: { readonly err: unknown } | undefined;
  #reportedMs = performance.now();
  #saveTimer: NodeJS.Timeout | undefined;
  #isSaveDue = false;
  /** Up to where listeners were told of each topic. */
  readonly #told = new Map<string, string>();
  readonly #done: Promise<void>;
  readonly #trimTimer: NodeJS.Timeout | undefined;

  constructor(options: ViewOptions, listeners: ChangeListeners) {
    this.#options = options;
    this.#listeners = listeners;
    this.#topics = options.kinds.flatMap(topicsOf);
    this.progress = new FoldProgress(options.now);
    const { store, rebuilt } = openStore(options.file);
    this.store = store;
    const { bus, log } = options;
    this.#feeds = new TopicFeeds({ bus, log, wake: () => this.#wake.resolve() });
    this.coverage = new Coverage(options, (specs) => this.#feeds.add(specs));
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

  /** What was folded of the job: from memory while it is at hand there, so that asking for it writes nothing. */
  job(id: string): JobState | undefined {
    return this.#fold.recent(id) ?? this.store.read(id);
  }

  /** The store with all that was folded in it. @throws when it can't be written; it is read anew then. */
  saved(): ViewStore {
    if (this.#fault) throw this.#fault.err;
    try {
      this.#save();
    } catch (err) {
      this.distrust(err);
      throw err;
    }
    return this.store;
  }

  /** The counts with all that was folded in them; while nothing can be written, as they were before. */
  counts(): JobCounts {
    try {
      return this.saved().counts;
    } catch {
      return this.store.counts;
    }
  }

  /** A reader found the file damaged, or it could not be written: it is read or made anew. */
  distrust(err: unknown): void {
    this.#fault ??= { err };
    this.#wake.resolve();
  }

  /** @see LocalView.caughtUp */
  caughtUp(timeoutMs: number): Promise<boolean> {
    const { bus } = this.#options;
    const topics = this.#topics.map(({ topic }) => topic);
    return foldedToEnds(
      { bus, topics, places: this.places, ready: () => this.#becameReady.promise },
      timeoutMs,
    );
  }

  async close(): Promise<void> {
    if (this.#closing.signal.aborted) return;
    this.#closing.abort();
    this.#feeds.stop();
    clearInterval(this.#trimTimer);
    clearTimeout(this.#saveTimer);
    this.#stopSparing();
    this.#wake.resolve();
    this.places.close();
    this.coverage.close();
    await Promise.race([this.#done, sleep(CLOSE_MS, undefined, { ref: false })]);
    try {
      this.#fold.save();
    } catch (err) {
      this.#options.log.warn({ err }, 'the end of the view could not be written; it is read again');
    }
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
        this.#tryToRecover(err);
        await sleep(RETRY_MS, undefined, { signal }).catch(() => undefined);
      }
    }
    await this.#feeds.ended();
  }

  /** Until the bus answers, the file is believed: it is asked meanwhile, and nothing is folded. */
  async #awaitBus(err: unknown): Promise<void> {
    const { signal } = this.#closing;
    this.#options.log.warn({ err }, 'the view waits for the bus');
    while (!signal.aborted) {
      await sleep(RETRY_MS, undefined, { signal }).catch(() => undefined);
      const answers = this.#checkSource().then(
        () => true,
        () => false,
      );
      if (await answers) return;
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
    this.#told.clear();
    // who waits already goes on waiting for the same
    if (this.ready) this.#becameReady = Promise.withResolvers();
    this.ready = false;
    this.progress.restart();
    this.#stopSparing();
    this.#stopSparing = spareHeap();
  }

  #replaceStore(store: ViewStore): void {
    this.#unreadableBefore += this.#fold?.unreadable ?? 0;
    this.store = store;
    // what was folded and not saved is to be folded again
    this.places.reset();
    this.#fold = new Fold(store, this.#options.log);
  }

  /** What fails here (a disk that is full, say) is tried again in a while; the view says so to whoever asks. */
  #tryToRecover(err: unknown): void {
    try {
      this.#recover(err);
    } catch (again) {
      this.#options.log.error({ err: again }, 'the view cannot be made anew; trying again');
    }
  }

  /** The file is the truth, so what memory holds is read from it again; a damaged file is made anew. */
  #recover(err: unknown): void {
    this.#options.log.error({ err }, 'folding failed; trying again');
    this.#feeds.stop();
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
    for (const [topic, cursor] of this.store.cursors) this.places.advance(topic, cursor);
    const specs = this.#topics.map(({ type, topic }) => {
      const cursor = this.store.cursors.get(topic.name);
      return { type, topic, from: cursor === undefined ? this.coverage.start() : { afterMessageId: cursor } };
    });
    this.#feeds.start(specs);
  }

  async #pump(): Promise<void> {
    while (!this.#closing.signal.aborted) {
      this.#wake = Promise.withResolvers();
      if (this.#fault) throw this.#fault.err;
      if (this.#isSaveDue) this.#save();
      const hasMessages = this.#feeds.oldest() !== undefined;
      const isTrimming = this.coverage.trim(this.store, this.#fold);
      this.#settle();
      if (!hasMessages && !isTrimming) {
        await this.#wake.promise;
        await this.#pause();
        continue;
      }
      if (!this.ready && this.#feeds.awaitsMore()) {
        await Promise.race([this.#wake.promise, sleep(STRAGGLER_MS)]);
      }
      if (hasMessages) this.#chunk();
      await nextTurn();
    }
  }

  /** Lets more come together, in a view that is built. */
  async #pause(): Promise<void> {
    const { kinds, paceMs = kinds.includes('txt2img') ? 0 : COMPLETIONS_PACE_MS } = this.#options;
    if (paceMs === 0 || !this.ready || this.#fault) return;
    await sleep(paceMs, undefined, { signal: this.#closing.signal }).catch(() => undefined);
  }

  /** Folds the next messages of all topics, oldest first. */
  #chunk(): void {
    const { messages, budgetMs } = this.ready ? CHUNK : BUILDING_CHUNK;
    const until = performance.now() + budgetMs;
    const read = new Map<string, string>();
    const changes: Change[] = [];
    for (let count = 0; count < messages && (count % 16 !== 0 || performance.now() < until); count++) {
      const feed = this.#feeds.oldest();
      const message = feed?.head();
      if (!feed || !message) break;
      const change = this.#fold.apply(feed.type, message, this.coverage.foldsFromMs);
      feed.take();
      if (!feed.isBackfill) read.set(feed.topic.name, message.messageId);
      if (change && this.#isNews(feed, message.messageId)) changes.push(change);
      this.progress.folded(message.publishTimeMs);
    }
    for (const [topic, messageId] of read) this.#fold.passed(topic, messageId);
    if (!this.ready || this.#fold.unsaved > UNSAVED.jobs) this.#save();
    else this.#saveTimer ??= setTimeout(() => this.#askToSave(), UNSAVED.ms).unref();
    this.#settle();
    for (const [topic, messageId] of read) {
      this.places.advance(topic, messageId);
      if (messageId > (this.#told.get(topic) ?? '')) this.#told.set(topic, messageId);
    }
    this.#listeners.notify(changes);
  }

  /** What was told and could not be saved is folded again, but told once. */
  #isNews({ topic, isBackfill }: TopicFeed, messageId: string): boolean {
    return !this.#listeners.isEmpty && (isBackfill || messageId > (this.#told.get(topic.name) ?? ''));
  }

  #askToSave(): void {
    this.#isSaveDue = true;
    this.#wake.resolve();
  }

  #save(): void {
    clearTimeout(this.#saveTimer);
    this.#saveTimer = undefined;
    this.#isSaveDue = false;
    this.#fold.save();
  }

  /** Notes which topics were read to their end. */
  #settle(): void {
    const tailed = this.#feeds.tailed();
    for (const { topic, firstEnd } of tailed) {
      if (firstEnd === undefined || (this.store.cursors.get(topic) ?? '') >= firstEnd) continue;
      this.#save();
      if ((this.store.cursors.get(topic) ?? '') >= firstEnd) continue;
      this.#fold.passed(topic, firstEnd);
      this.#save();
      this.places.advance(topic, firstEnd);
    }
    this.coverage.settle(this.store, this.#fold);
    this.#feeds.dropEnded();
    if (this.ready) return;
    if (tailed.length === this.#topics.length) {
      this.ready = true;
      this.#stopSparing();
      this.#becameReady.resolve();
      this.#options.log.info({}, `view ready: ${this.progress.now().messages} messages folded`);
      this.progress.finish();
    } else if (performance.now() - this.#reportedMs > PROGRESS_MS) {
      this.#reportedMs = performance.now();
      this.#options.log.info({}, `view being built: ${progressText(this.progress.now())}`);
    }
  }
}
