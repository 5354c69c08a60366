import { GenfleetError, type Topic } from '@genfleet/job';
import {
  type Attach,
  decodePlace,
  encodeBefore,
  type Feed,
  type FeedStart,
  MAX_PENDING,
  type MessagePlace,
  type PulsarAddress,
  probeHosts,
  type Transport,
  type WireConsumer,
  type WireDelivery,
  type WireMessage,
  type WireProducer,
} from '@genfleet/pulsar-admin';
import { clientSettings, lastWords, type Pulsar } from './native.ts';

/** A closing that waits for a broker that is gone is not waited for. */
const CLOSE_MS = 5_000;
/** The client looks this often for messages to hand back; it rounds up to 100 ms. */
const RELEASE_MS = 10;

const placeOf = (id: Pulsar.MessageId): MessagePlace => decodePlace(id.serialize());

function toDelivery(message: Pulsar.Message): WireDelivery {
  return {
    place: placeOf(message.getMessageId()),
    key: message.getPartitionKey(),
    value: message.getData().toString(),
    properties: message.getProperties(),
    eventTimeMs: message.getEventTimestamp(),
    publishTimeMs: message.getPublishTimestamp(),
  };
}

function toNative(message: WireMessage): Pulsar.ProducerMessage {
  return {
    data: Buffer.from(message.value),
    partitionKey: message.key,
    properties: message.properties,
    eventTimestamp: message.eventTimeMs,
    ...(message.deliverAtMs === undefined ? {} : { deliverAt: message.deliverAtMs }),
  };
}

/** The client's own result is often no more than "TimeOut". */
function unavailable(what: string, cause: unknown): GenfleetError {
  const result = cause instanceof Error ? cause.message : String(cause);
  const code = /Authorization|Authentication/.test(result) ? 'bus_unauthorized' : 'bus_unavailable';
  const detail = lastWords();
  return new GenfleetError(code, `${what}: ${result}${detail ? ` (${detail})` : ''}`, { cause });
}

async function bounded(closing: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise((resolve) => {
    timer = setTimeout(resolve, CLOSE_MS);
  });
  await Promise.race([closing.catch(() => undefined), timeout]);
  clearTimeout(timer);
}

/**
 * Pulsar's own protocol through the native client. A consumer and a reader hand us one message at a time on a
 * thread of their client, which waits for as long as we let it: that is the back-pressure. So that nobody waits
 * for another, each has a client, which is a connection and two threads, of its own.
 */
export class NativeTransport implements Transport {
  readonly #native: typeof Pulsar;
  readonly #address: PulsarAddress;
  readonly #serviceUrl: string;
  readonly #producers: Pulsar.Client;
  readonly #open = new Set<{ close(): Promise<void> }>();

  constructor(native: typeof Pulsar, address: PulsarAddress) {
    this.#native = native;
    this.#address = address;
    this.#serviceUrl = `${address.scheme}://${address.hosts}`;
    this.#producers = this.#client();
  }

  async openProducer(topic: Topic): Promise<WireProducer> {
    await this.probe(CLOSE_MS);
    const open = () =>
      this.#producers.createProducer({
        topic: this.#url(topic),
        sendTimeoutMs: this.#address.sendTimeoutMs,
        maxPendingMessages: MAX_PENDING,
        // A batch goes to one consumer whole, however many wait for work.
        batchingEnabled: false,
      });
    let producer = await open().catch((cause: unknown) => {
      throw unavailable(`no producer for ${topic.name}`, cause);
    });
    let reopening: Promise<void> | undefined;
    /** The client gives a producer up for good when it is refused once while it reconnects. */
    const reopen = async () => {
      producer = await open();
      reopening = undefined;
    };
    const send = async (message: WireMessage) => {
      try {
        if (reopening) await reopening;
        return placeOf(await producer.send(toNative(message)));
      } catch (cause) {
        if (String(cause).includes('AlreadyClosed')) {
          reopening ??= reopen();
          reopening.catch(() => {
            reopening = undefined;
          });
        }
        throw unavailable(`${topic.name} did not take a message`, cause);
      }
    };
    return { send, close: async () => bounded(producer.flush().then(() => producer.close())) };
  }

  async openConsumer(topic: Topic, subscription: string, attach: Attach): Promise<WireConsumer> {
    let consumer: Pulsar.Consumer | undefined;
    let letIn: () => void = () => undefined;
    const deliveries = attach<Pulsar.MessageId>({
      ack: async (id) => void (await consumer?.acknowledgeId(id)),
      release: (id) => consumer?.negativeAcknowledgeId(id),
    });
    deliveries.whenRoom(() => {
      if (deliveries.room > 0) letIn();
    });
    const client = this.#client();
    try {
      consumer = await client.subscribe({
        topic: this.#url(topic),
        subscription,
        subscriptionType: 'Shared',
        subscriptionInitialPosition: 'Earliest',
        nAckRedeliverTimeoutMs: RELEASE_MS,
        // No message waits here for a handler that is busy while another consumer is idle.
        receiverQueueSize: 0,
        listener: (message) => {
          deliveries.offer(toDelivery(message), message.getMessageId());
          return deliveries.room > 0
            ? undefined
            : new Promise<void>((resolve) => {
                letIn = resolve;
              });
        },
      });
    } catch (cause) {
      await bounded(client.close());
      throw unavailable(`no consumer of ${topic.name}`, cause);
    }
    const subscribed = consumer;
    return this.#opened(async () => {
      letIn();
      await bounded(subscribed.close());
      await bounded(client.close());
    });
  }

  async openFeed(
    topic: Topic,
    start: FeedStart,
    queueSize: number,
    onMessage: (wire: WireDelivery) => Promise<void> | undefined,
  ): Promise<Feed> {
    const client = this.#client();
    try {
      const reader = await client.createReader({
        topic: this.#url(topic),
        startMessageId: this.#startId(start),
        receiverQueueSize: queueSize,
        listener: (message) => onMessage(toDelivery(message)),
      });
      return this.#opened(async () => {
        await bounded(reader.close());
        await bounded(client.close());
      });
    } catch (cause) {
      await bounded(client.close());
      throw unavailable(`no reader of ${topic.name}`, cause);
    }
  }

  /** The client itself would wait long and then say only "TimeOut". */
  probe(timeoutMs: number): Promise<void> {
    return probeHosts(this.#address.hosts, timeoutMs);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#open].map((each) => each.close()));
    await bounded(this.#producers.close());
  }

  #client(): Pulsar.Client {
    return new this.#native.Client(clientSettings(this.#native, this.#serviceUrl, this.#address.token));
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

  /** Closes at most once, and with the transport at the latest. */
  #opened(close: () => Promise<void>): { close(): Promise<void> } {
    let closing: Promise<void> | undefined;
    const opened = {
      close: () => {
        closing ??= close().finally(() => this.#open.delete(opened));
        return closing;
      },
    };
    this.#open.add(opened);
    return opened;
  }
}
