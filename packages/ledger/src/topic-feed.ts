import { setTimeout as sleep } from 'node:timers/promises';
import type { Bus, Message, Position, ReadBatch } from '@genfleet/bus';
import type { EventType, Topic } from '@genfleet/job';
import type { Logger } from '@genfleet/telemetry';

/** Batches read ahead of the fold: one is folded while the next is fetched. */
const READ_AHEAD = 2;
const BATCH_MESSAGES = 250;
const RETRY_MS = 1_000;

export interface FeedOptions {
  readonly bus: Bus;
  readonly topic: Topic;
  readonly type: EventType;
  readonly from: Position;
  /** Ends here, for a feed that reads again what was read before; without it the feed tails the topic. */
  readonly until?: string;
  readonly log: Logger;
  readonly signal: AbortSignal;
  /** Called when something new can be taken. */
  readonly wake: () => void;
}

/** Reads one topic a little ahead of the fold, and again from where the fold stands when the reading fails. */
export class TopicFeed {
  readonly topic: Topic;
  readonly type: EventType;
  /** Whether it reads again what the cursor has passed, so must not move it. */
  readonly isBackfill: boolean;
  /** True once everything that was there when the feed began was taken. */
  reachedEnd = false;
  /** The end of the topic before the feed began; passed when `reachedEnd`, though older messages are not yielded. */
  firstEnd: string | undefined;
  readonly #options: FeedOptions;
  readonly #batches: { readonly batch: ReadBatch; next: number }[] = [];
  readonly #done = new AbortController();
  readonly #signal: AbortSignal;
  #room = Promise.withResolvers<void>();
  #from: Position;
  /** An outage is said once, not every second. */
  #wasSaid = false;

  constructor(options: FeedOptions) {
    this.#options = options;
    this.topic = options.topic;
    this.type = options.type;
    this.#from = options.from;
    this.isBackfill = options.until !== undefined;
    this.#signal = AbortSignal.any([options.signal, this.#done.signal]);
    this.#signal.addEventListener('abort', () => this.#room.resolve(), { once: true });
  }

  /** The message that `take` would give. Settles batches that are used up. */
  head(): Message | undefined {
    for (let first = this.#batches[0]; first; first = this.#batches[0]) {
      const message = first.batch.messages[first.next];
      if (message) {
        if (!this.#isBeyond(message)) return message;
        this.#end();
        return undefined;
      }
      this.#batches.shift();
      this.#room.resolve();
      if (first.batch.caughtUp) this.#end();
    }
    return undefined;
  }

  take(): void {
    const [first] = this.#batches;
    if (first) first.next += 1;
  }

  /** Reads until the signal aborts, or a backfill is done. */
  async run(): Promise<void> {
    const { bus, topic, log } = this.#options;
    while (!this.#signal.aborted) {
      try {
        this.firstEnd ??= await bus.lastMessageId(topic);
        await this.#read();
      } catch (err) {
        if (this.#signal.aborted) return;
        if (!this.#wasSaid) {
          log.warn({ topic: topic.name, err }, 'the view cannot read a topic; trying again until it works');
        }
        this.#wasSaid = true;
      }
      await sleep(RETRY_MS, undefined, { signal: this.#signal }).catch(() => undefined);
    }
  }

  async #read(): Promise<void> {
    const { bus, topic, wake } = this.#options;
    const signal = this.#signal;
    for await (const batch of bus.read(topic, { from: this.#from, signal, batchSize: BATCH_MESSAGES })) {
      if (signal.aborted) return;
      this.#wasSaid = false;
      const last = batch.messages.at(-1);
      if (last) this.#from = { afterMessageId: last.messageId };
      this.#batches.push({ batch, next: 0 });
      wake();
      while (this.#batches.length >= READ_AHEAD && !signal.aborted) {
        this.#room = Promise.withResolvers();
        await this.#room.promise;
      }
    }
  }

  #isBeyond(message: Message): boolean {
    const { until } = this.#options;
    return until !== undefined && message.messageId > until;
  }

  #end(): void {
    this.reachedEnd = true;
    if (!this.isBackfill) return;
    this.#batches.length = 0;
    this.#done.abort();
  }
}
