import { randomUUID } from 'node:crypto';
import type { Topic } from '@genfleet/job';
import type { Attach, Deliveries, PulsarAdmin, WireConsumer } from '@genfleet/pulsar-admin';
import { toDelivery } from './frames.ts';
import { Link } from './link.ts';

export interface WsConsumerOptions {
  readonly url: (parameters: Readonly<Record<string, string>>) => string;
  readonly token: string | undefined;
  readonly topic: Topic;
  readonly subscription: string;
  readonly attach: Attach;
  readonly admin: PulsarAdmin;
}

const WATCH_EVERY_MS = 5_000;
/** The least that the service's own client takes. */
const RELEASE_MS = 100;

/**
 * A consumer in pull mode: the service sends as many messages as it has permits for, and with a receiver queue of
 * none its own client keeps nothing back from other consumers.
 *
 * That client has two weaknesses without a queue. When the topic moves between brokers it forgets that it was
 * waiting; and a message that some other producer batched makes it close for good, without a word. So a consumer
 * that hears nothing asks the broker whether it is still known and awaited there, and if not connects again.
 */
export class WsConsumer implements WireConsumer {
  readonly #options: WsConsumerOptions;
  readonly #name = `genfleet-${randomUUID()}`;
  readonly #deliveries: Deliveries<string>;
  readonly #link: Link;
  readonly #watch: NodeJS.Timeout;
  /** Permits that the service has and did not use. */
  #permits = 0;
  #receiverQueueSize = 0;
  #hasHeard = true;
  #suspicions = 0;
  /** What was settled while there was no connection. */
  #unsaid: string[] = [];

  constructor(options: WsConsumerOptions) {
    this.#options = options;
    this.#deliveries = options.attach<string>({
      // The service does not confirm an acknowledgement. One that is lost with the connection is given again when
      // the message comes again.
      ack: async (messageId) => this.#say({ messageId }),
      release: (messageId) => this.#say({ type: 'negativeAcknowledge', messageId }),
    });
    this.#deliveries.whenRoom(() => this.#permit());
    this.#link = new Link({
      url: () => options.url(this.#parameters()),
      token: options.token,
      purpose: `a consumer of ${options.topic.name}`,
      onOpen: () => this.#opened(),
      onMessage: (frame) => this.#received(frame),
    });
    this.#watch = setInterval(() => this.#look(), WATCH_EVERY_MS).unref();
  }

  open(): Promise<void> {
    return this.#link.open();
  }

  async close(): Promise<void> {
    clearInterval(this.#watch);
    this.#link.close();
  }

  #parameters(): Readonly<Record<string, string>> {
    return {
      subscriptionType: 'Shared',
      consumerName: this.#name,
      pullMode: 'true',
      receiverQueueSize: String(this.#receiverQueueSize),
      negativeAckRedeliveryDelay: String(RELEASE_MS),
    };
  }

  #opened(): void {
    this.#permits = 0;
    this.#suspicions = 0;
    this.#hasHeard = true;
    for (const frame of this.#unsaid.splice(0)) this.#link.send(frame);
    this.#permit();
  }

  #permit(): void {
    const missing = this.#deliveries.room - this.#permits;
    if (missing <= 0 || !this.#link.isOpen) return;
    this.#permits += missing;
    this.#link.send({ type: 'permit', permitMessages: missing });
  }

  #received(frame: Readonly<Record<string, unknown>>): void {
    if (typeof frame['messageId'] !== 'string') return;
    this.#hasHeard = true;
    this.#permits = Math.max(0, this.#permits - 1);
    this.#deliveries.offer(toDelivery(frame), frame['messageId']);
    this.#permit();
  }

  #say(frame: Readonly<Record<string, unknown>>): void {
    if (this.#link.isOpen) this.#link.send(frame);
    // released messages come again by themselves on a new connection
    else if (frame['type'] === undefined) this.#unsaid.push(JSON.stringify(frame));
  }

  async #look(): Promise<void> {
    if (this.#hasHeard || this.#permits === 0 || !this.#link.isOpen) {
      this.#hasHeard = false;
      this.#suspicions = 0;
      return;
    }
    const stats = await this.#options.admin
      .subscription(this.#options.topic, this.#options.subscription)
      .catch(() => undefined);
    if (!stats || this.#hasHeard) return;
    const isWaiting = stats.msgBacklog - stats.unackedMessages - (stats.msgDelayed ?? 0) > 0;
    const known = stats.consumers.find((consumer) => consumer.consumerName === this.#name);
    if (known && known.availablePermits > 0) this.#suspicions = 0;
    else if (!known || isWaiting) this.#suspicions += 1;
    // once may be a client of the service's that is just reconnecting
    if (this.#suspicions < 2) return;
    if (!known) this.#receiverQueueSize = 1;
    this.#link.reset();
  }
}
