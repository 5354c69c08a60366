import { setTimeout as sleep } from 'node:timers/promises';
import { type Segment, segmentOf } from '@genfleet/archive';
import type { ReadBatch } from '@genfleet/bus';
import { GenfleetError } from '@genfleet/job';
import { OpenSegment } from './open-segment.ts';
import type { TopicRecorderOptions } from './options.ts';
import { placeInTopic } from './place-in-topic.ts';
import { rewrite } from './rewrite.ts';

const BATCH_MESSAGES = 250;
/** Waits between tries: longer each time, up to the last. */
const WAITS_MS = [250, 1_000, 4_000, 15_000, 30_000];

export interface Endings {
  /** Reads no further, and ends what it is about to put. */
  readonly draining: AbortSignal;
  /** Ends there and then. */
  readonly ended: AbortSignal;
}

/**
 * Follows one topic into the archive. Where to go on is always asked of the archive; what is collected is thrown away
 * at every fault and read again, as the topic holds it.
 */
export class TopicRecorder {
  /** Why it does not get on, while it does not. */
  fault: Error | undefined;
  readonly #options: TopicRecorderOptions;
  #open: OpenSegment;
  /** The segment before it while its file is put, and whether that became the archive's. */
  #full: { readonly segment: OpenSegment; readonly put: Promise<boolean> } | undefined;
  #newest: Segment | undefined;
  #failures = 0;

  constructor(options: TopicRecorderOptions) {
    this.#options = options;
    this.#open = new OpenSegment(options.writer, options.table);
  }

  get topic(): string {
    return this.#options.table.name;
  }

  /** Age of the oldest message that is in no file yet. */
  lagSeconds(): number {
    const extent = this.#full?.segment.extent ?? this.#open.extent;
    return extent ? Math.max(0, (this.#options.now() - extent.firstTimeMs) / 1_000) : 0;
  }

  /** Resolves when it was told to end. */
  async run({ draining, ended }: Endings): Promise<void> {
    while (!draining.aborted) {
      try {
        await this.#follow(draining, ended);
      } catch (error) {
        if (draining.aborted || ended.aborted) return;
        await this.#failed(error, draining);
      }
    }
  }

  async #follow(draining: AbortSignal, ended: AbortSignal): Promise<void> {
    const { bus, table, forgets } = this.#options;
    await this.#begin(draining);
    const stop = new AbortController();
    const signal = AbortSignal.any([draining, stop.signal]);
    const from = this.#newest ? { afterMessageId: this.#newest.last } : 'earliest';
    const options = { from, signal, batchSize: BATCH_MESSAGES } as const;
    const batches = bus.read(table.topic, options)[Symbol.asyncIterator]();
    try {
      // while there is more at hand no file is closed for want of it, and more is collected while one is put
      let isBehind = true;
      for (let next = batches.next(); ; ) {
        next.catch(() => undefined);
        if (!isBehind && !(await this.#isPut())) return;
        const read: IteratorResult<ReadBatch> | 'due' = await (isBehind ? next : this.#nextOrDue(next));
        if (read === 'due') {
          if (!(await this.#close(ended))) return;
          continue;
        }
        if (read.done) break;
        if (!(await this.#take(read.value, ended))) return;
        isBehind = !read.value.caughtUp;
        next = batches.next();
      }
      if (forgets && this.#open.extent) await this.#close(ended);
      await this.#isPut();
    } finally {
      stop.abort();
      await batches.return?.().catch(() => undefined);
      await this.#isPut().catch(() => undefined);
      await this.#open.discard();
    }
  }

  /** Finds the end of the archive; of the newest segment, the file may never have been put. */
  async #begin(signal: AbortSignal): Promise<void> {
    const { archive, log, metrics } = this.#options;
    this.#newest = await archive.newest(this.#newest);
    if ((await placeInTopic(this.#options, this.#newest, signal)) === 'gap') {
      metrics.gaps.inc({ topic: this.topic });
      const message =
        'the topic begins behind the end of the archive: what was between them, if anything, is lost';
      log.warn({ topic: this.topic }, message);
    }
    if (!this.#newest || (await archive.look(this.#newest)).state === 'whole') return;
    log.warn(
      { topic: this.topic },
      `the archive lacks ${this.#newest.file}, whole: it is made from the topic`,
    );
    await rewrite(this.#options, this.#newest, signal).catch((err: unknown) => {
      if (!(err instanceof GenfleetError) || err.retryable) throw err;
      // what is lost is lost: what comes after it is not
      log.error({ topic: this.topic, err }, err.message);
    });
  }

  async #nextOrDue(next: Promise<IteratorResult<ReadBatch>>): Promise<IteratorResult<ReadBatch> | 'due'> {
    const { limits, now } = this.#options;
    const dueMs = this.#open.dueMs(limits);
    if (dueMs === undefined) return await next;
    const waited = new AbortController();
    const due = sleep(Math.max(0, dueMs - now()), 'due' as const, { signal: waited.signal });
    due.catch(() => undefined);
    try {
      return await Promise.race([next, due]);
    } finally {
      waited.abort();
    }
  }

  /** @returns false when another recorder was faster, and everything is to begin anew. */
  async #take({ messages }: ReadBatch, ended: AbortSignal): Promise<boolean> {
    const { limits, now } = this.#options;
    for (const message of messages) {
      if (!this.#open.takes(message, limits) && !(await this.#close(ended))) return false;
      this.#open.add(message, now());
    }
    await this.#patiently(() => this.#open.flush(), ended);
    if (!this.#full) this.#succeeded();
    return true;
  }

  /** Begins to put what is open, once what was full before is put. @returns false when that is another recorder's. */
  async #close(ended: AbortSignal): Promise<boolean> {
    const { writer, table } = this.#options;
    await this.#patiently(() => this.#open.flush(), ended);
    if (!(await this.#isPut())) return false;
    const segment = this.#open;
    if (!segment.extent) return true;
    this.#open = new OpenSegment(writer, table);
    const put = this.#put(segment, ended).finally(() => segment.discard());
    // told to whoever asks next
    put.catch(() => undefined);
    this.#full = { segment, put };
    return true;
  }

  /** Waits until nothing is being put. @returns false when another recorder claimed the place. */
  async #isPut(): Promise<boolean> {
    const full = this.#full;
    try {
      return (await full?.put) ?? true;
    } finally {
      if (this.#full === full) this.#full = undefined;
    }
  }

  /** Claims the segment and puts its file. @returns false when another recorder claimed its place. */
  async #put(open: OpenSegment, ended: AbortSignal): Promise<boolean> {
    const { archive, metrics, log } = this.#options;
    const { extent } = open;
    if (!extent) return true;
    const bytes = await this.#patiently(() => open.finish(), ended);
    const segment = segmentOf(this.topic, this.#newest?.last, extent, bytes);
    const claimed = await this.#patiently(() => archive.claim(segment), ended);
    if (claimed.last !== segment.last || claimed.sha256 !== segment.sha256) {
      log.warn({ topic: this.topic }, 'another recorder writes this archive as well: one is enough');
      return false;
    }
    await this.#patiently(() => archive.put(segment, bytes), ended);
    this.#newest = segment;
    this.#succeeded();
    metrics.files.inc({ topic: this.topic });
    metrics.bytes.inc({ topic: this.topic }, bytes.byteLength);
    metrics.messages.inc({ topic: this.topic }, extent.messages);
    log.debug({ topic: this.topic }, `put ${segment.file}, ${extent.messages} messages`);
    return true;
  }

  /** A step that can be repeated as it is, until it succeeds. */
  async #patiently<T>(step: () => Promise<T>, ended: AbortSignal): Promise<T> {
    for (;;) {
      ended.throwIfAborted();
      try {
        return await step();
      } catch (error) {
        if (error instanceof GenfleetError && !error.retryable) throw error;
        await this.#failed(error, ended);
      }
    }
  }

  async #failed(error: unknown, signal: AbortSignal): Promise<void> {
    const fault = error instanceof Error ? error : new Error(String(error));
    const { log, metrics } = this.#options;
    // an outage is said once, not with every try
    if (fault.message !== this.fault?.message) {
      log.error({ topic: this.topic, err: fault }, `the recorder tries again: ${fault.message}`);
    }
    this.fault = fault;
    metrics.retries.inc({ topic: this.topic });
    const waitMs = WAITS_MS[Math.min(this.#failures, WAITS_MS.length - 1)];
    this.#failures += 1;
    await sleep(waitMs, undefined, { signal }).catch(() => undefined);
  }

  #succeeded(): void {
    if (this.fault) this.#options.log.info({ topic: this.topic }, 'the recorder gets on again');
    this.fault = undefined;
    this.#failures = 0;
  }
}
