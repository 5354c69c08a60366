import type { Topic } from '@genfleet/job';

/** A message as a producer gives it. */
export interface OutgoingMessage {
  /** Messages of one key keep their order; Genfleet uses the job id. At most 256 bytes. */
  readonly key: string;
  /** JSON text, at most `MAX_MESSAGE_BYTES` as UTF-8. */
  readonly value: string;
  /** Small string properties: trace context, schema version. */
  readonly properties?: Readonly<Record<string, string>>;
  /**
   * Unix time in ms, by `nowMs` of the bus, before which subscriptions don't hand it out. Readers see it at once: it stands in the
   * ledger from the moment `send` resolves.
   */
  readonly deliverAtMs?: number;
  /**
   * True for a message that need not outlive a power cut, since what it is about does not either: a client's open
   * connection. `send` then need not wait for a disk. It is kept like any other while the machine runs, also when
   * processes are killed. Default false; a broker may take no notice.
   */
  readonly fleeting?: boolean;
  /** True where nobody waits for `send`: it may take some milliseconds more, to go with what is sent next. */
  readonly unhurried?: boolean;
  /**
   * Deliveries that are done with once this message is durable: acknowledged with it, or not at all, by a bus that can do
   * both in one step. Others take no notice, so the sender acknowledges them afterwards all the same.
   */
  readonly acks?: readonly Delivery[];
}

export interface Message {
  /** Opaque, but sorts as text in the order of its topic. */
  readonly messageId: string;
  readonly topic: string;
  readonly key: string;
  readonly value: string;
  readonly properties: Readonly<Record<string, string>>;
  /** Unix time in ms at which it was published, by `nowMs` of the bus. The same for every reader, for ever. */
  readonly publishTimeMs: number;
}

/** One hand-over of a message to a subscription. Unsettled deliveries come again when their consumer is gone. */
export interface Delivery extends Message {
  /** Whether the subscription handed it out before, to whomever; undefined where the bus does not know. */
  readonly redelivered?: boolean;
  /** Done with it. Resolves once the bus will not deliver it again, as far as the bus can promise that. */
  ack(): Promise<void>;
  /** Hand it out again, after `delayMs`; to whichever consumer. */
  nack(delayMs: number): Promise<void>;
}

export interface Producer {
  /**
   * Resolves once the message is durable (fsync, or the broker's acknowledgement); on a non-persistent topic
   * once it was handed on. @throws GenfleetError `bus_unavailable` (it may or may not have been stored),
   * `message_too_large`, `closed`.
   */
  send(message: OutgoingMessage): Promise<{ readonly messageId: string; readonly publishTimeMs: number }>;
  close(): Promise<void>;
}

export interface ConsumerOptions {
  /** Deliveries handed out and not yet settled; the bus holds back the rest. */
  readonly maxInFlight: number;
}

export interface Consumer {
  /** No further deliveries; what is in flight may still be settled. */
  pause(): void;
  resume(): void;
  /** Stops; unsettled deliveries go to other consumers at once. */
  close(): Promise<void>;
}

export type Position =
  | 'earliest'
  | 'latest'
  | { readonly afterMessageId: string }
  | { readonly atTimeMs: number };

/** What a reader yields: messages in ledger order, and whether the end of the topic was reached with them. */
export interface ReadBatch {
  readonly messages: readonly Message[];
  /** True when the topic held nothing beyond this batch as it was read. A batch may be empty and only say so. */
  readonly caughtUp: boolean;
}

export interface ReadOptions {
  readonly from: Position;
  /** Ends the reading without an error, also while it waits for more. */
  readonly signal: AbortSignal;
  /** Messages in one batch at most. Default 500. */
  readonly batchSize?: number;
}

export interface TopicSpec {
  readonly topic: Topic;
  /** Created at the earliest position, so that nothing is lost before the first consumer comes. */
  readonly subscriptions: readonly string[];
  /** How long acknowledged messages stay, in ms; `Infinity` for ever. */
  readonly retentionMs: number;
  /**
   * What the JSON of its messages holds, in the syntax of Avro, for readers from outside, which SQL engines are. Told to
   * a registry where the bus has one; the bus itself checks nothing by it.
   */
  readonly schema?: string;
}

/**
 * Durable topics with competing consumers and replay. Promises, held by the contract suite for every adapter:
 * durable on resolve; order per key for readers; at-least-once delivery, also after a consumer or the bus was
 * killed; no delivery before its time; bounded memory whatever the backlog.
 */
export interface Bus {
  /** One producer per topic serves all callers. @throws GenfleetError `topic_not_found`, `bus_unavailable`, `bus_unauthorized`. */
  producer(topic: Topic): Promise<Producer>;
  /**
   * Competing consumption: each message goes to one consumer of the subscription at a time. The handler's
   * promise is only watched for bugs: settle through `ack` and `nack`; a handler that rejects means `nack(1000)`.
   */
  subscribe(
    topic: Topic,
    subscription: string,
    handler: (delivery: Delivery) => Promise<void>,
    options: ConsumerOptions,
  ): Promise<Consumer>;
  /**
   * Replay, then tail, without consuming. Survives reconnects of the bus without gap or repetition. Ends without
   * an error when its signal says so, when its user leaves it, and when the bus closes. A topic that holds nothing
   * yields one empty batch at once; a non-persistent one yields it when the reader is connected.
   * @throws GenfleetError `topic_not_found`, `bus_unauthorized`, `closed` (of a bus closed before).
   */
  read(topic: Topic, options: ReadOptions): AsyncIterable<ReadBatch>;
  /**
   * Where the topic ends now: the newest message that a reader could still get, undefined when there is none. A
   * reader that has yielded this message has yielded everything published before the call. @throws GenfleetError
   * `topic_not_found`, `bus_unavailable`, `bus_unauthorized`.
   */
  lastMessageId(topic: Topic): Promise<string | undefined>;
  /** Creates what is missing and changes nothing that is there but the retention. */
  ensureTopics(specs: readonly TopicSpec[]): Promise<void>;
  /** Messages of the subscription not yet acknowledged, those waiting for their time included. */
  backlog(topic: Topic, subscription: string): Promise<number>;
  /**
   * What time it is by the bus, Unix ms: the time that its messages are published with, whoever publishes them. What is
   * compared with them, or lies ahead of them, is to be by this clock too. Where brokers have clocks of their own it is
   * theirs, to the second or better, and not this process's.
   */
  nowMs(): number;
  /** Whether the bus answers; rejects with the reason within `timeoutMs`. */
  ping(timeoutMs: number): Promise<void>;
  /** Ends reads, consumers and producers; every later call rejects with `closed`. May be called again. */
  close(): Promise<void>;
}

/** Pulsar's WebSocket service closes at 1 MiB; prompts and settings are far smaller. */
export const MAX_MESSAGE_BYTES = 256 * 1024;
