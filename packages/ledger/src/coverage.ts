import { setTimeout as sleep } from 'node:timers/promises';
import type { Position } from '@genfleet/bus';
import { topicsOf } from '@genfleet/job';
import { CLOCK_SKEW_MS } from './clock-skew.ts';
import type { Fold } from './fold.ts';
import type { TopicFeed } from './topic-feed.ts';
import type { FeedSpec } from './topic-feeds.ts';
import { trimBatch } from './trim.ts';
import type { ViewOptions } from './view-options.ts';
import type { ViewStore } from './view-store.ts';

const TRIM_EVERY_MS = 1_000;
const COVERS = 'covers_from_ms';
const RETRY_MS = 1_000;

interface Backfill {
  readonly fromMs: number;
  readonly feeds: readonly TopicFeed[];
  readonly finish: (covered: boolean) => void;
}

/** From when on the view holds all jobs: raised as a window moves on, lowered by reading the ledger again. */
export class Coverage {
  /** Jobs from here on are whole. */
  fromMs = 0;
  /** Jobs from here on are folded; earlier than `fromMs` while an extension is being read. */
  foldsFromMs = 0;
  readonly #options: ViewOptions;
  readonly #addFeeds: (feeds: readonly FeedSpec[]) => readonly TopicFeed[];
  readonly #closing = new AbortController();
  #backfill: Backfill | undefined;
  #extending: Promise<boolean> | undefined;
  #heldUntilMs = 0;
  #trimmedToMs = 0;
  #trimmedAtMs = 0;
  #trimAfter: Uint8Array | undefined;

  constructor(options: ViewOptions, addFeeds: (feeds: readonly FeedSpec[]) => readonly TopicFeed[]) {
    this.#options = options;
    this.#addFeeds = addFeeds;
  }

  /** Takes up the coverage of a new, empty store. */
  begin(store: ViewStore): void {
    this.fromMs = this.#wantedMs();
    this.foldsFromMs = this.fromMs;
    store.saveMeta(COVERS, String(this.fromMs));
  }

  /** Takes up the coverage of a store as it was left; false when that is less than wanted. */
  resume(store: ViewStore): boolean {
    const savedMs = Number(store.meta(COVERS));
    if (!(savedMs <= this.#wantedMs())) return false;
    this.fromMs = savedMs;
    this.foldsFromMs = savedMs;
    return true;
  }

  /** Where to begin to read a topic of which nothing was read. */
  start(): Position {
    return this.fromMs > 0 ? { atTimeMs: Math.max(0, this.fromMs - CLOCK_SKEW_MS) } : 'earliest';
  }

  /** @see LocalView.cover */
  async cover(timeMs: number, timeoutMs: number): Promise<boolean> {
    const { signal } = this.#closing;
    const until = performance.now() + timeoutMs;
    while (timeMs < this.fromMs) {
      this.#heldUntilMs = this.#options.now() + (this.#options.windowMs ?? 0);
      const leftMs = until - performance.now();
      if (leftMs <= 0 || signal.aborted) return false;
      this.#extending ??= this.#extend(timeMs).finally(() => {
        this.#extending = undefined;
      });
      await Promise.race([this.#extending, sleep(leftMs, undefined, { signal }).catch(() => undefined)]);
    }
    return true;
  }

  /** Notes whether an extension has been read to its end. */
  settle(store: ViewStore, fold: Fold): void {
    const { fromMs, feeds, finish } = this.#backfill ?? {};
    if (fromMs === undefined || !feeds?.every((feed) => feed.reachedEnd)) return;
    this.fromMs = Math.min(this.fromMs, fromMs);
    // the file must not claim jobs that it does not hold yet
    fold.save();
    store.transact(() => store.saveMeta(COVERS, String(this.fromMs)));
    this.#backfill = undefined;
    finish?.(true);
  }

  /** Gives up an extension whose feeds were stopped. */
  interrupt(): void {
    this.#backfill?.finish(false);
    this.#backfill = undefined;
  }

  close(): void {
    this.#closing.abort();
    this.interrupt();
  }

  /** Deletes a few jobs from before the window; true while there are more. */
  trim(store: ViewStore, fold: Fold): boolean {
    if (this.#trimAfter === undefined) {
      const nowMs = this.#options.now();
      if (nowMs - this.#trimmedAtMs < TRIM_EVERY_MS || this.#extending) return false;
      this.#trimmedAtMs = nowMs;
      this.#moveOn(store, nowMs);
      if (this.foldsFromMs <= this.#trimmedToMs) return false;
      this.#trimAfter = new Uint8Array(16);
    }
    const horizonMs = this.foldsFromMs;
    // what was not saved may be of a row that goes
    fold.save();
    store.transact(() => {
      this.#trimAfter = trimBatch(store, horizonMs, this.#trimAfter ?? new Uint8Array(16));
    });
    fold.forget();
    if (this.#trimAfter === undefined) this.#trimmedToMs = horizonMs;
    return this.#trimAfter !== undefined;
  }

  #moveOn(store: ViewStore, nowMs: number): void {
    const { windowMs } = this.#options;
    if (windowMs === undefined || nowMs < this.#heldUntilMs || nowMs - windowMs <= this.fromMs) return;
    this.fromMs = nowMs - windowMs;
    this.foldsFromMs = this.fromMs;
    store.transact(() => store.saveMeta(COVERS, String(this.fromMs)));
  }

  async #extend(timeMs: number): Promise<boolean> {
    const { bus, kinds, log } = this.#options;
    const fromMs = Math.max(0, timeMs);
    this.foldsFromMs = Math.min(this.foldsFromMs, fromMs);
    this.#trimAfter = undefined;
    try {
      const specs: FeedSpec[] = [];
      for (const { type, topic } of kinds.flatMap(topicsOf)) {
        const until = await bus.lastMessageId(topic);
        const from: Position = { atTimeMs: Math.max(0, fromMs - CLOCK_SKEW_MS) };
        if (until !== undefined) specs.push({ type, topic, from, until });
      }
      if (this.#closing.signal.aborted) return false;
      log.info({}, `the view reads the ledger again from ${new Date(fromMs).toISOString()}`);
      const { promise, resolve } = Promise.withResolvers<boolean>();
      this.#backfill = { fromMs, feeds: this.#addFeeds(specs), finish: resolve };
      return await promise;
    } catch (err) {
      log.warn({ err }, 'the view cannot be extended; trying again');
      await sleep(RETRY_MS, undefined, { signal: this.#closing.signal }).catch(() => undefined);
      return false;
    }
  }

  #wantedMs(): number {
    const { from, windowMs, now } = this.#options;
    const windowFromMs = windowMs === undefined ? 0 : now() - windowMs;
    return Math.max(0, from?.atTimeMs ?? windowFromMs);
  }
}
