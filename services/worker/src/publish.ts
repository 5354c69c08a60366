import type { Bus, Delivery, Producer } from '@genfleet/bus';
import {
  encodeOwnEvent,
  encodeOwnNews,
  type JobEvent,
  type Kind,
  type NewsEvent,
  progressTopic,
  topicOf,
} from '@genfleet/job';
import { injectContext } from '@genfleet/telemetry';
import { retry } from './retry.ts';

/** Sends events to the topic that belongs to them; producers are opened once and kept. */
export class Publisher {
  readonly #bus: Bus;
  readonly #producers = new Map<string, Promise<Producer>>();

  constructor(bus: Bus) {
    this.#bus = bus;
  }

  /**
   * Resolves once the event is durable. A bus that is away is tried again with backoff for `patienceMs`, so
   * that an outage of seconds does not cost a finished picture. A repeat may be stored twice; the fold knows.
   */
  async publish(
    event: JobEvent,
    options: {
      patienceMs: number;
      signal?: AbortSignal;
      deliverAtMs?: number;
      fleeting?: boolean;
      unhurried?: boolean;
      /** See `OutgoingMessage`. */
      acks?: readonly Delivery[];
    },
  ) {
    const topic = topicOf(event.type, event.kind);
    const message = {
      key: event.id,
      value: encodeOwnEvent(event),
      properties: injectContext(),
      ...(options.deliverAtMs === undefined ? {} : { deliverAtMs: options.deliverAtMs }),
      ...(options.fleeting ? { fleeting: true } : {}),
      ...(options.unhurried ? { unhurried: true } : {}),
      ...(options.acks ? { acks: options.acks } : {}),
    };
    const sent = await retry(async () => (await this.#producer(topic)).send(message), options);
    return { topic, ...sent };
  }

  /** Best effort, in order: what can't be sent is dropped. */
  news(event: NewsEvent, kind: Kind): void {
    void this.#producer(progressTopic(kind))
      .then((producer) => producer.send({ key: event.id, value: encodeOwnNews(event) }))
      .catch(() => undefined);
  }

  /** Opens the producers ahead of the first job. @throws GenfleetError when a topic is missing. */
  async open(topics: Iterable<{ name: string; persistent: boolean }>): Promise<void> {
    await Promise.all([...topics].map((topic) => this.#producer(topic)));
  }

  async close(): Promise<void> {
    const producers = await Promise.allSettled(this.#producers.values());
    await Promise.allSettled(producers.map((p) => (p.status === 'fulfilled' ? p.value.close() : undefined)));
  }

  #producer(topic: { name: string; persistent: boolean }): Promise<Producer> {
    const known = this.#producers.get(topic.name);
    if (known) return known;
    const opening = this.#bus.producer(topic);
    this.#producers.set(topic.name, opening);
    // a failed opening must not be remembered
    opening.catch(() => this.#producers.delete(topic.name));
    return opening;
  }
}
