import type { Topic } from '@genfleet/job';
import {
  type Attach,
  type Feed,
  type FeedStart,
  MAX_PENDING,
  type PulsarAddress,
  PulsarAdmin,
  probeHosts,
  type Transport,
  type WireConsumer,
  type WireDelivery,
  type WireProducer,
} from '@genfleet/pulsar-admin';
import { WsConsumer } from './ws-consumer.ts';
import { WsFeed } from './ws-feed.ts';
import { WsProducer } from './ws-producer.ts';

/** Pulsar's WebSocket service (`/ws/v2`), for machines where the native client can't be had. */
export class WsTransport implements Transport {
  readonly #address: PulsarAddress;
  readonly #admin: PulsarAdmin;
  readonly #hosts: readonly string[];
  readonly #feeds = new Set<Feed>();
  #attempts = 0;

  constructor(address: PulsarAddress) {
    this.#address = address;
    this.#admin = new PulsarAdmin(address);
    this.#hosts = address.hosts.split(',');
  }

  async openProducer(topic: Topic): Promise<WireProducer> {
    const { token, sendTimeoutMs } = this.#address;
    const parameters = {
      // A batch goes to one consumer whole, however many wait for work.
      batchingEnabled: 'false',
      maxPendingMessages: String(MAX_PENDING),
      blockIfQueueFull: 'true',
      sendTimeoutMillis: String(sendTimeoutMs),
    };
    const url = () => this.#url('producer', topic, '', parameters);
    const producer = new WsProducer({ url, token, topicName: topic.name, sendTimeoutMs });
    await producer.open();
    return producer;
  }

  async openConsumer(topic: Topic, subscription: string, attach: Attach): Promise<WireConsumer> {
    const consumer = new WsConsumer({
      url: (parameters) => this.#url('consumer', topic, `/${encodeURIComponent(subscription)}`, parameters),
      token: this.#address.token,
      topic,
      subscription,
      attach,
      admin: this.#admin,
    });
    await consumer.open();
    return consumer;
  }

  async openFeed(
    topic: Topic,
    start: FeedStart,
    queueSize: number,
    onMessage: (wire: WireDelivery) => Promise<void> | undefined,
  ): Promise<Feed> {
    const feed = new WsFeed({
      url: (parameters) => this.#url('reader', topic, '', parameters),
      token: this.#address.token,
      topicName: topic.name,
      start,
      queueSize,
      onMessage,
    });
    await feed.open();
    this.#feeds.add(feed);
    return {
      close: async () => {
        this.#feeds.delete(feed);
        await feed.close();
      },
    };
  }

  probe(timeoutMs: number): Promise<void> {
    return probeHosts(this.#address.hosts, timeoutMs);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#feeds].map((feed) => feed.close()));
    this.#admin.close();
  }

  #url(kind: string, topic: Topic, rest: string, parameters: Readonly<Record<string, string>>): string {
    const scheme = this.#address.scheme === 'pulsar+wss' ? 'wss' : 'ws';
    const host = this.#hosts[this.#attempts % this.#hosts.length];
    this.#attempts += 1;
    const query = new URLSearchParams(parameters);
    return `${scheme}://${host}/ws/v2/${kind}/${this.#admin.topicPath(topic)}${rest}?${query}`;
  }
}
