import type { Message, ReadBatch, ReadOptions } from '@genfleet/bus';
import type { Topic } from '@genfleet/job';
import type { PulsarAdmin } from './admin.ts';
import {
  formatMessageId,
  isBefore,
  MAX_BATCH_INDEX,
  type MessagePlace,
  parseMessageId,
} from './message-id.ts';
import { pause } from './pause.ts';
import { fromWire, type WireDelivery } from './wire.ts';

/** Where a feed begins: with this entry, whole. */
export type FeedStart = 'earliest' | 'latest' | MessagePlace;

/** A reader of the vendor's. It reconnects by itself, and may then repeat messages but not leave any out. */
export interface Feed {
  close(): Promise<void>;
}

export type OpenFeed = (
  start: FeedStart,
  queueSize: number,
  /** The next message may come once the promise resolves. */
  onMessage: (wire: WireDelivery) => Promise<void> | undefined,
) => Promise<Feed>;

const DEFAULT_BATCH = 500;
const QUEUE = { least: 10, most: 500 };
/** The broker finds a time by halving, as if its messages stood in the order of theirs; senders' clocks differ. */
const CLOCK_SKEW_MS = 60_000;
const AFTER_CHECK_MS = 50;
/** Once a reader has caught up it matters less, and a busy topic would have it asked without end. */
const AFTER_LATER_CHECK_MS = 250;
const AFTER_FAILED_CHECK_MS = 500;
/** After this long without a message it is asked whether the end is still there or was taken away by retention. */
const QUIET_MS = 1_000;

interface Start {
  readonly at: FeedStart;
  /** Messages up to this id are left out. */
  readonly after: string;
  readonly sinceMs: number;
  /** How far the reader stands already, without having read anything. */
  readonly place: MessagePlace | undefined;
}

async function startOf(admin: PulsarAdmin, topic: Topic, from: ReadOptions['from']): Promise<Start> {
  const everything: Start = {
    at: 'earliest',
    after: '',
    sinceMs: Number.NEGATIVE_INFINITY,
    place: undefined,
  };
  if (!topic.persistent) return { ...everything, at: 'latest' };
  if (from === 'earliest') return everything;
  if (from === 'latest') {
    const place = await admin.lastPlace(topic);
    // -1: nothing was ever stored, so that everything will be later
    return place.entryId < 0 ? everything : { ...everything, at: place, after: lastOf(place), place };
  }
  if ('afterMessageId' in from) {
    const place = parseMessageId(from.afterMessageId);
    return { ...everything, at: place, after: from.afterMessageId, place };
  }
  const at = await admin.placeAt(topic, from.atTimeMs - CLOCK_SKEW_MS);
  const place = { ledgerId: at.ledgerId, entryId: at.entryId - 1, batchIndex: MAX_BATCH_INDEX };
  return { ...everything, at, sinceMs: from.atTimeMs, place };
}

/** The id after which nothing of this entry follows, however many messages were batched in it. */
const lastOf = (place: MessagePlace) => formatMessageId({ ...place, batchIndex: MAX_BATCH_INDEX });

/** Messages of a topic in ledger order, and when the reader has caught up. One use. */
export class Replay {
  readonly #admin: PulsarAdmin;
  readonly #topic: Topic;
  readonly #batchSize: number;
  readonly #queueSize: number;
  readonly #signal: AbortSignal;
  readonly #buffer: Message[] = [];
  readonly #change = new Change();
  /** Resolves what holds the feed back. */
  #letIn: (() => void)[] = [];
  #after = '';
  #sinceMs = 0;
  #place: MessagePlace | undefined;
  #received = 0;
  #isCaughtUp = false;
  #quietSinceMs = performance.now();

  /** `ended` is when the bus closes. */
  constructor(admin: PulsarAdmin, topic: Topic, options: ReadOptions, ended: AbortSignal) {
    this.#admin = admin;
    this.#topic = topic;
    this.#batchSize = options.batchSize ?? DEFAULT_BATCH;
    this.#queueSize = Math.min(QUEUE.most, Math.max(QUEUE.least, this.#batchSize));
    this.#signal = AbortSignal.any([options.signal, ended]);
  }

  async *batches(from: ReadOptions['from'], openFeed: OpenFeed): AsyncGenerator<ReadBatch> {
    if (this.#signal.aborted) return;
    await this.#admin.requireTopic(this.#topic);
    const start = await startOf(this.#admin, this.#topic, from);
    this.#after = start.after;
    this.#sinceMs = start.sinceMs;
    this.#place = start.place;
    const feed = await openFeed(start.at, this.#queueSize, (wire) => this.#receive(wire));
    const leave = new AbortController();
    const stop = AbortSignal.any([this.#signal, leave.signal]);
    const onStop = () => this.#change.tell();
    stop.addEventListener('abort', onStop);
    this.#check(stop);
    try {
      while (!stop.aborted) {
        const messages = this.#buffer.splice(0, this.#batchSize);
        for (const letIn of this.#letIn.splice(0)) letIn();
        const caughtUp = this.#isCaughtUp && this.#buffer.length === 0;
        if (caughtUp) this.#isCaughtUp = false;
        if (messages.length > 0 || caughtUp) yield { messages, caughtUp };
        else if (!stop.aborted) await this.#change.next();
      }
    } finally {
      leave.abort();
      for (const letIn of this.#letIn.splice(0)) letIn();
      await feed.close();
    }
  }

  #receive(wire: WireDelivery): Promise<void> | undefined {
    if (this.#signal.aborted) return undefined;
    const { message } = fromWire(this.#topic.name, wire);
    if (this.#topic.persistent) {
      if (message.messageId <= this.#after) return undefined;
      this.#after = message.messageId;
      this.#place = wire.place;
    }
    this.#quietSinceMs = performance.now();
    this.#received += 1;
    this.#isCaughtUp = false;
    if (message.publishTimeMs >= this.#sinceMs) this.#buffer.push(message);
    this.#change.tell();
    if (this.#buffer.length < this.#queueSize) return undefined;
    return new Promise((resolve) => this.#letIn.push(resolve));
  }

  /** Finds out, beside the reading, whether all was read; a bus that is down is asked again until it answers. */
  async #check(stop: AbortSignal): Promise<void> {
    for (let checked = -1; !stop.aborted; ) {
      const received = this.#received;
      if (received === checked) {
        await this.#change.next();
        continue;
      }
      const isAtEnd = await this.#isAtEnd().catch(() => undefined);
      if (isAtEnd && received === this.#received) {
        checked = received;
        this.#isCaughtUp = true;
        this.#change.tell();
      }
      const restMs = checked < 0 ? AFTER_CHECK_MS : AFTER_LATER_CHECK_MS;
      await pause(isAtEnd === undefined ? AFTER_FAILED_CHECK_MS : restMs, stop);
    }
  }

  async #isAtEnd(): Promise<boolean> {
    if (!this.#topic.persistent) return true;
    const end = await this.#admin.lastPlace(this.#topic);
    if (end.entryId < 0 || this.#hasReached(end)) return true;
    if (performance.now() - this.#quietSinceMs < QUIET_MS) return false;
    this.#quietSinceMs = performance.now();
    const kept = await this.#admin.lastKeptPlace(this.#topic);
    return kept.entryId < 0 || this.#hasReached(kept);
  }

  #hasReached(end: MessagePlace): boolean {
    return this.#place !== undefined && !isBefore(this.#place, end);
  }
}

/** Something that others wait for to change. */
class Change {
  #waiting: (() => void)[] = [];

  tell(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }

  next(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }
}
