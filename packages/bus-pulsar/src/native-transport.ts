import type { Topic } from '@genfleet/job';
import {
  type Attach,
  encodeBefore,
  type Feed,
  type FeedStart,
  MAX_PENDING,
  type MessagePlace,
  type PulsarAddress,
  PulsarAdmin,
  probeHosts,
  type Transport,
  type WireConsumer,
  type WireDelivery,
  type WireMessage,
  type WireProducer,
} from '@genfleet/pulsar-admin';
import { bounded } from './bounded.ts';
import { Connection, type Opened } from './connection.ts';
import { openLosslessReader } from './lossless-reader.ts';
import { clientSettings, type Pulsar } from './native.ts';
import { placeOf, toDelivery, toNative, unavailable } from './native-messages.ts';

/** The client looks this often for messages to hand back; it rounds up to 100 ms. */
const RELEASE_MS = 10;
const PROBE_MS = 3_000;

/**
 * Pulsar's own protocol through the native client. A consumer and a reader hand us one message at a time on a
 * thread of their client, which waits for as long as we let it: that is the back-pressure. So that nobody waits
 * for another, each has a client, which is a connection and two threads, of its own.
 */
export class NativeTransport implements Transport {
  readonly #native: typeof Pulsar;
  readonly #address: PulsarAddress;
  readonly #serviceUrl: string;
  readonly #open = new Set<{ close(): Promise<void> }>();
  readonly #admin: PulsarAdmin;
  /** Producers hold nobody up, so they share one. */
  readonly #producers: Pulsar.Client;

  constructor(native: typeof Pulsar, address: PulsarAddress) {
    this.#native = native;
    this.#address = address;
    this.#serviceUrl = `${address.scheme}://${address.hosts}`;
    this.#admin = new PulsarAdmin(address);
    this.#producers = this.#client();
  }

  async openProducer(topic: Topic): Promise<WireProducer> {
    const connection = await this.#connect<Pulsar.Producer>(topic, `no producer for ${topic.name}`, {
      letGo: () => undefined,
      open: async () => {
        const vendor = await this.#producers.createProducer({
          topic: this.#url(topic),
          sendTimeoutMs: this.#address.sendTimeoutMs,
          maxPendingMessages: MAX_PENDING,
          // A batch goes to one consumer whole, however many wait for work.
          batchingEnabled: false,
        });
        return { vendor, close: () => bounded(vendor.close()) };
      },
    });
    const send = async (message: WireMessage) => {
      const what = `${topic.name} did not take a message`;
      const producer = connection.current;
      if (!producer) throw unavailable(what, new Error('the connection is being made anew'));
      try {
        return placeOf(await producer.send(toNative(message)));
      } catch (cause) {
        throw unavailable(what, cause);
      }
    };
    const close = async () => {
      if (connection.current) await bounded(connection.current.flush());
      await this.#close(connection);
    };
    return { send, close };
  }

  async openConsumer(topic: Topic, subscription: string, attach: Attach): Promise<WireConsumer> {
    let connection: Connection<Pulsar.Consumer> | undefined;
    let letIn: () => void = () => undefined;
    const deliveries = attach<Pulsar.MessageId>({
      ack: async (id) => void (await connection?.current?.acknowledgeId(id)),
      release: (id) => connection?.current?.negativeAcknowledgeId(id),
    });
    deliveries.whenRoom(() => {
      if (deliveries.room > 0) letIn();
    });
    const listener = (message: Pulsar.Message) => {
      deliveries.offer(toDelivery(message), message.getMessageId());
      if (deliveries.room > 0) return undefined;
      return new Promise<void>((resolve) => {
        letIn = resolve;
      });
    };
    connection = await this.#connect<Pulsar.Consumer>(topic, `no consumer of ${topic.name}`, {
      letGo: () => letIn(),
      open: () =>
        this.#withClient((client) =>
          client.subscribe({
            topic: this.#url(topic),
            subscription,
            subscriptionType: 'Shared',
            subscriptionInitialPosition: 'Earliest',
            nAckRedeliverTimeoutMs: RELEASE_MS,
            // No message waits here for a handler that is busy while another consumer is idle.
            receiverQueueSize: 0,
            listener,
          }),
        ),
    });
    const connected = connection;
    return { close: () => this.#close(connected) };
  }

  async openFeed(
    topic: Topic,
    start: FeedStart,
    queueSize: number,
    onMessage: (wire: WireDelivery) => Promise<void> | undefined,
  ): Promise<Feed> {
    let from = start;
    const listener = (message: Pulsar.Message) => {
      const wire = toDelivery(message);
      if (topic.persistent) from = wire.place;
      return onMessage(wire);
    };
    const earliest = this.#native.MessageId.earliest();
    const hasNothingToRead = async () => {
      const end = topic.persistent ? await this.#admin.endOf(topic) : undefined;
      return end === undefined || (typeof from !== 'string' && isEarlierEntry(end, from));
    };
    const plan = { topic: this.#url(topic), earliest, queueSize, listener, hasNothingToRead };
    const connection = await this.#connect<Pulsar.Reader>(topic, `no reader of ${topic.name}`, {
      letGo: () => undefined,
      open: () =>
        this.#withClient((client) => openLosslessReader({ ...plan, client, start: this.#startId(from) })),
    });
    return { close: () => this.#close(connection) };
  }

  /** The client itself would wait long and then say only "TimeOut". */
  probe(timeoutMs: number): Promise<void> {
    return probeHosts(this.#address.hosts, timeoutMs);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#open].map((connection) => connection.close()));
    this.#admin.close();
    await bounded(this.#producers.close());
  }

  async #connect<T extends Pulsar.Producer | Pulsar.Consumer | Pulsar.Reader>(
    topic: Topic,
    failure: string,
    options: { open(): Promise<Opened<T>>; letGo(): void },
  ): Promise<Connection<T>> {
    await this.probe(PROBE_MS);
    // a broker takes connections long before it serves topics
    const probe = () => Promise.all([this.probe(PROBE_MS), this.#admin.requireTopic(topic)]);
    const connection = new Connection<T>({ ...options, probe });
    this.#open.add(connection);
    try {
      await connection.open();
    } catch (cause) {
      await this.#close(connection);
      throw unavailable(failure, cause);
    }
    return connection;
  }

  #client(): Pulsar.Client {
    return new this.#native.Client(clientSettings(this.#native, this.#serviceUrl, this.#address.token));
  }

  /** With a client of its own, that is closed with it, or when it could not be opened. */
  async #withClient<T extends { close(): Promise<unknown> }>(
    open: (client: Pulsar.Client) => Promise<T>,
  ): Promise<Opened<T>> {
    const client = this.#client();
    try {
      const vendor = await open(client);
      const close = async () => {
        await bounded(vendor.close());
        await bounded(client.close());
      };
      return { vendor, close };
    } catch (cause) {
      await bounded(client.close());
      throw cause;
    }
  }

  async #close(connection: { close(): Promise<void> }): Promise<void> {
    this.#open.delete(connection);
    await connection.close();
  }

  #url(topic: Topic): string {
    const { tenant, namespace } = this.#address;
    return `${topic.persistent ? 'persistent' : 'non-persistent'}://${tenant}/${namespace}/${topic.name}`;
  }

  #startId(start: FeedStart): Pulsar.MessageId {
    const { MessageId } = this.#native;
    if (start === 'earliest') return MessageId.earliest();
    return start === 'latest' ? MessageId.latest() : MessageId.deserialize(encodeBefore(start));
  }
}

function isEarlierEntry(a: MessagePlace, b: MessagePlace): boolean {
  return a.ledgerId === b.ledgerId ? a.entryId < b.entryId : a.ledgerId < b.ledgerId;
}
