import { setTimeout as sleep } from 'node:timers/promises';
import type { Bus, OutgoingMessage, Producer } from '@genfleet/bus';
import {
  encodeOwnEvent,
  GenfleetError,
  isFleeting,
  type JobEvent,
  type Kind,
  type Topic,
  topicOf,
  topicsOf,
} from '@genfleet/job';
import type { View } from '@genfleet/ledger';
import { injectContext, withSpan } from '@genfleet/telemetry';

/** Publishes that may be under way at once; each holds its message in memory. */
const MAX_PENDING = 10_000;

/** A message about a job, and where it stands in the ledger. */
export interface Published {
  readonly id: string;
  readonly kind: Kind;
  readonly topic: Topic;
  readonly messageId: string;
  /** The bytes that its receipt has the hash of, as text. */
  readonly value: string;
}

/** Writes events to their topics, within a bounded time or not at all. */
export class Publisher {
  readonly #bus: Bus;
  readonly #timeoutMs: number;
  readonly #producers = new Map<string, Promise<Producer>>();
  /** The newest message of each topic that this replica wrote. */
  readonly #newest = new Map<string, { readonly topic: Topic; readonly messageId: string }>();
  #pending = 0;
  #idle = Promise.withResolvers<void>();

  constructor(bus: Bus, timeoutMs: number) {
    this.#bus = bus;
    this.#timeoutMs = timeoutMs;
  }

  /**
   * Resolves once the event is durable.
   * @throws GenfleetError `bus_unavailable` after the timeout (it may still become durable), or what the bus says.
   */
  async publish(event: JobEvent): Promise<Published> {
    if (this.#pending >= MAX_PENDING) {
      throw new GenfleetError('bus_unavailable', `${MAX_PENDING} messages already wait for the bus`);
    }
    const topic = topicOf(event.type, event.kind);
    const value = encodeOwnEvent(event);
    if (this.#pending === 0) this.#idle = Promise.withResolvers();
    this.#pending += 1;
    try {
      const span = { kind: 'producer', attributes: { 'messaging.destination.name': topic.name } } as const;
      const { messageId } = await withSpan(`publish ${topic.name}`, span, () => {
        const fleeting = event.type === 'requested' && isFleeting(event);
        const message = { key: event.id, value, properties: injectContext(), fleeting };
        return withinTime(this.#send(topic, message), this.#timeoutMs);
      });
      const newest = this.#newest.get(topic.name);
      if (!newest || newest.messageId < messageId) this.#newest.set(topic.name, { topic, messageId });
      const { id, kind } = event;
      return { id, kind, topic, messageId, value };
    } finally {
      this.#pending -= 1;
      if (this.#pending === 0) this.#idle.resolve();
    }
  }

  /** Waits until the view of this kind has folded all that this replica published so far, `timeoutMs` at most. */
  async folded(view: Pick<View, 'applied'>, kind: Kind, timeoutMs: number): Promise<void> {
    const newest = topicsOf(kind).flatMap(({ topic }) => this.#newest.get(topic.name) ?? []);
    await Promise.all(newest.map(({ topic, messageId }) => view.applied(topic, messageId, timeoutMs)));
  }

  /** Resolves once nothing is under way, after `timeoutMs` at most. */
  async idle(timeoutMs: number): Promise<void> {
    if (this.#pending > 0)
      await Promise.race([this.#idle.promise, sleep(timeoutMs, undefined, { ref: false })]);
  }

  async #send(topic: Topic, message: OutgoingMessage) {
    return (await this.#producer(topic)).send(message);
  }

  #producer(topic: Topic): Promise<Producer> {
    const known = this.#producers.get(topic.name);
    if (known) return known;
    const opening = this.#bus.producer(topic);
    this.#producers.set(topic.name, opening);
    // a bus that was away when first asked must not stay away
    opening.catch(() => this.#producers.delete(topic.name));
    return opening;
  }
}

function withinTime<T>(promise: Promise<T>, timeoutMs: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new GenfleetError('bus_unavailable', `not durable within ${timeoutMs} ms`)),
      timeoutMs,
    );
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
