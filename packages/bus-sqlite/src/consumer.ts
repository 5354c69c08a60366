import { setImmediate as turnOfTheLoop } from 'node:timers/promises';
import type { Consumer, ConsumerOptions, Delivery } from '@genfleet/bus';
import { GenfleetError } from '@genfleet/job';
import type { GroupCommit } from './group-commit.ts';
import type { Fetched, HandedRow } from './protocol.ts';
import { toMessage } from './read-topic.ts';
import type { WakeUp } from './wake-up.ts';

const FETCH_LIMIT = 100;
const REJECTED_DELAY_MS = 1_000;
/** A due time before all others: what a consumer gives back unfinished keeps its place. */
const FIRST_IN_LINE = 0;
const RETRY_MS = 500;
const LONGEST_TIMER_MS = 60_000;

let consumers = 0;

/** Fetches what is in line as long as there is room, and sleeps until something changes or is due. */
export class SqliteConsumer implements Consumer {
  readonly #id = ++consumers;
  readonly #commit: GroupCommit;
  readonly #topic: string;
  readonly #topicId: number;
  readonly #subscription: number;
  readonly #handler: (delivery: Delivery) => Promise<void>;
  readonly #maxInFlight: number;
  readonly #inFlight = new Set<number>();
  readonly #unlisten: () => void;
  #state: 'open' | 'paused' | 'closed' = 'open';
  #fetching: Promise<void> | undefined;
  #again = false;
  #timer: NodeJS.Timeout | undefined;
  /** Hand-outs that answered no fetch. */
  #seen = 0;
  /** What the standing fetch may still be handed. */
  #standing = 0;

  constructor(
    source: { commit: GroupCommit; wakeUp: WakeUp; topic: string; topicId: number; subscription: number },
    handler: (delivery: Delivery) => Promise<void>,
    options: ConsumerOptions,
  ) {
    this.#commit = source.commit;
    this.#topic = source.topic;
    this.#topicId = source.topicId;
    this.#subscription = source.subscription;
    this.#handler = handler;
    this.#maxInFlight = options.maxInFlight;
    // what this process publishes comes by the standing fetch
    this.#unlisten = source.wakeUp.listen(() => this.#look());
    source.commit.standing(this.#id, (handed) => this.#handed(handed));
    this.#look();
  }

  pause(): void {
    if (this.#state !== 'open') return;
    this.#state = 'paused';
    this.#standing = 0;
    this.#commit.withdraw(this.#id);
  }

  resume(): void {
    if (this.#state !== 'paused') return;
    this.#state = 'open';
    this.#look();
  }

  async close(): Promise<void> {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#commit.withdraw(this.#id);
    this.#unlisten();
    clearTimeout(this.#timer);
    await this.#fetching;
    await Promise.all([...this.#inFlight].map((seq) => this.#giveBack(seq)));
  }

  /** Tries again later what the disk refuses now; the end of the bus or of the process gives back the rest. */
  async #giveBack(seq: number): Promise<void> {
    try {
      await this.#settle(seq, FIRST_IN_LINE);
    } catch (error) {
      if (error instanceof GenfleetError && error.code === 'closed') return;
      setTimeout(() => void this.#giveBack(seq), RETRY_MS).unref();
    }
  }

  #look(): void {
    if (this.#state !== 'open') return;
    this.#again = true;
    this.#fetching ??= this.#fetchAll().finally(() => {
      this.#fetching = undefined;
      if (this.#again) this.#look();
    });
  }

  async #fetchAll(): Promise<void> {
    while (this.#again && this.#state === 'open') {
      this.#again = false;
      const room = this.#room;
      if (room <= 0) return;
      try {
        const { rows, more, nextDueMs } = await this.#commit.fetch({
          topic: this.#topicId,
          subscription: this.#subscription,
          limit: room,
          standing: { consumer: this.#id, seen: this.#seen },
        });
        this.#standing = more ? 0 : room - rows.length;
        if (more) this.#again = true;
        else if (nextDueMs !== undefined) this.#lookAt(nextDueMs);
        for (const row of rows) this.#handOut(row);
        // whoever was given these may want no more for now, and what came all the same would have to go back
        if (rows.length > 0) await turnOfTheLoop();
      } catch (error) {
        if (error instanceof GenfleetError && error.code === 'closed') return;
        this.#lookAt(Date.now() + RETRY_MS);
      }
    }
  }

  #handed({ rows, more, nextDueMs }: Fetched): void {
    this.#seen += 1;
    this.#standing = more ? 0 : this.#standing - rows.length;
    for (const row of rows) this.#handOut(row);
    // a fetch that was sent before this arrived is not answered: it did not know of it
    if (more || this.#fetching) this.#look();
    else if (nextDueMs !== undefined) this.#lookAt(nextDueMs);
  }

  get #room(): number {
    return Math.min(this.#maxInFlight - this.#inFlight.size, FETCH_LIMIT);
  }

  #lookAt(timeMs: number): void {
    clearTimeout(this.#timer);
    const waitMs = Math.min(Math.max(1, timeMs - Date.now()), LONGEST_TIMER_MS);
    this.#timer = setTimeout(() => this.#look(), waitMs).unref();
  }

  #handOut(row: HandedRow): void {
    const { seq, redelivered } = row;
    this.#inFlight.add(seq);
    // by delivery, not by message: this one may be settled while the next of the same message is in flight
    let isSettled = false;
    const settle = async (dueMs?: number) => {
      if (isSettled) return;
      isSettled = true;
      try {
        await this.#settle(seq, dueMs);
      } catch (error) {
        isSettled = false;
        throw error;
      }
    };
    const delivery: Delivery = {
      ...toMessage(this.#topic, row),
      redelivered,
      ack: () => settle(),
      nack: (delayMs) => settle(Date.now() + delayMs),
    };
    if (this.#state !== 'open') {
      void this.#giveBack(seq);
      return;
    }
    void this.#handler(delivery).catch(() => delivery.nack(REJECTED_DELAY_MS).catch(() => undefined));
  }

  /** Nothing to do for what the consumer gave back as it closed. */
  async #settle(seq: number, dueMs?: number): Promise<void> {
    if (!this.#inFlight.has(seq)) return;
    const settled = this.#commit.settle({
      subscription: this.#subscription,
      seq,
      ...(dueMs === undefined ? {} : { dueMs }),
    });
    this.#inFlight.delete(seq);
    // so that the next one is fetched in the same transaction, which settles first; what the fetch that stands has
    // room for comes by itself
    if (dueMs !== undefined || this.#standing < this.#room / 2) this.#look();
    try {
      await settled;
    } catch (error) {
      this.#inFlight.add(seq);
      throw error;
    }
  }
}
