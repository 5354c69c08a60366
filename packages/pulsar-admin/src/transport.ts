import type { Topic } from '@genfleet/job';
import type { Deliveries } from './deliveries.ts';
import type { MessagePlace } from './message-id.ts';
import type { Feed, FeedStart } from './replay.ts';
import type { WireDelivery, WireMessage } from './wire.ts';

/** A producer of the vendor's. Reconnects by itself and sends again what was not acknowledged. */
export interface WireProducer {
  /**
   * Keeps the order of calls. Resolves once the broker has it. Never called with more than `MAX_PENDING` under way.
   * @throws GenfleetError `bus_unavailable` within the send timeout; it may or may not have been stored.
   */
  send(message: WireMessage): Promise<MessagePlace>;
  close(): Promise<void>;
}

/** A connected consumer. Reconnects by itself. */
export interface WireConsumer {
  close(): Promise<void>;
}

/**
 * What differs between Pulsar's own protocol and its WebSocket service. The topic was found to exist before.
 * Everything rejects with a GenfleetError within a bounded time.
 */
export interface Transport {
  openProducer(topic: Topic): Promise<WireProducer>;
  /** Asks the broker for as many messages as `deliveries` has room for, and for no more. */
  openConsumer(topic: Topic, subscription: string, attach: Attach): Promise<WireConsumer>;
  openFeed(
    topic: Topic,
    start: FeedStart,
    queueSize: number,
    onMessage: (wire: WireDelivery) => Promise<void> | undefined,
  ): Promise<Feed>;
  /** Whether the transport's own port answers. */
  probe(timeoutMs: number): Promise<void>;
  /** Everything that was opened is closed already. */
  close(): Promise<void>;
}

/** Makes the book of a consumer's deliveries, for the transport's kind of handle. */
export type Attach = <Handle>(settler: {
  ack(handle: Handle): Promise<void>;
  release(handle: Handle): void;
}) => Deliveries<Handle>;

/** Sends that one producer has under way at once; the rest wait in the process. */
export const MAX_PENDING = 1_000;
