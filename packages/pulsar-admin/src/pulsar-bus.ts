import type {
  Bus,
  Consumer,
  ConsumerOptions,
  Delivery,
  Producer,
  ReadBatch,
  ReadOptions,
  TopicSpec,
} from '@genfleet/bus';
import { GenfleetError, type Topic } from '@genfleet/job';
import type { PulsarAddress } from './address.ts';
import { PulsarAdmin } from './admin.ts';
import { BrokerClock } from './broker-clock.ts';
import { Deliveries, type Settler } from './deliveries.ts';
import { formatMessageId } from './message-id.ts';
import { Replay } from './replay.ts';
import { SharedProducer } from './shared-producer.ts';
import type { Transport } from './transport.ts';

interface Closable {
  close(): Promise<void>;
}

/** The bus port on Pulsar, over either of its protocols. */
export class PulsarBus implements Bus {
  readonly #address: PulsarAddress;
  readonly #clock = new BrokerClock();
  readonly #admin: PulsarAdmin;
  readonly #transport: Transport;
  readonly #producers = new Map<string, Promise<SharedProducer>>();
  readonly #consumers = new Set<Closable>();
  /** Reads that are under way, so that the transport is closed after them. */
  readonly #reads = new Set<Promise<void>>();
  readonly #closed = new AbortController();
  #closing: Promise<void> | undefined;
  #asking: Promise<void> | undefined;

  constructor(address: PulsarAddress, transport: Transport) {
    this.#address = address;
    this.#admin = new PulsarAdmin(address, this.#clock);
    this.#transport = transport;
  }

  async producer(topic: Topic): Promise<Producer> {
    this.#expectOpen();
    const shared = await this.#sharedProducer(topic);
    let isClosed = false;
    return {
      send: async (message) => {
        if (isClosed) throw new GenfleetError('closed', `this producer of ${topic.name} was closed`);
        return await shared.send(message);
      },
      close: async () => {
        isClosed = true;
      },
    };
  }

  async subscribe(
    topic: Topic,
    subscription: string,
    handler: (delivery: Delivery) => Promise<void>,
    options: ConsumerOptions,
  ): Promise<Consumer> {
    this.#expectOpen();
    await this.#admin.requireTopic(topic);
    let book: Deliveries<unknown> | undefined;
    const attach = <Handle>(settler: Settler<Handle>) => {
      const { maxInFlight } = options;
      const nowMs = () => this.nowMs();
      const deliveries = new Deliveries<Handle>({
        ...{ topicName: topic.name, handler, maxInFlight, settler, nowMs },
      });
      book = deliveries as Deliveries<unknown>;
      return deliveries;
    };
    const wire = await this.#transport.openConsumer(topic, subscription, attach);
    const consumer = {
      pause: () => book?.pause(),
      resume: () => book?.resume(),
      close: async () => {
        this.#consumers.delete(consumer);
        book?.close();
        await wire.close();
      },
    };
    this.#consumers.add(consumer);
    if (this.#closing) await this.#refuseLate(consumer);
    return consumer;
  }

  async *read(topic: Topic, options: ReadOptions): AsyncGenerator<ReadBatch> {
    this.#expectOpen();
    let ended: () => void = () => undefined;
    const underWay = new Promise<void>((resolve) => {
      ended = resolve;
    });
    this.#reads.add(underWay);
    try {
      const replay = new Replay(this.#admin, topic, options, this.#closed.signal);
      yield* replay.batches(options.from, (start, queueSize, onMessage) =>
        this.#transport.openFeed(topic, start, queueSize, onMessage),
      );
    } catch (thrown) {
      // what fails because the bus was closed or the reading given up is an end, not an error
      if (!this.#closing && !options.signal.aborted) throw thrown;
    } finally {
      this.#reads.delete(underWay);
      ended();
    }
  }

  async lastMessageId(topic: Topic): Promise<string | undefined> {
    this.#expectOpen();
    if (!topic.persistent) return undefined;
    const end = await this.#admin.endOf(topic);
    return end && formatMessageId(end);
  }

  async ensureTopics(specs: readonly TopicSpec[]): Promise<void> {
    this.#expectOpen();
    if (specs.length > 0) await this.#admin.ensureTopics(specs);
  }

  async backlog(topic: Topic, subscription: string): Promise<number> {
    this.#expectOpen();
    return (await this.#admin.subscription(topic, subscription)).msgBacklog;
  }

  nowMs(): number {
    if (this.#clock.isInDoubt && !this.#closing) this.#askTheTime();
    return this.#clock.nowMs();
  }

  async ping(timeoutMs: number): Promise<void> {
    this.#expectOpen();
    await Promise.all([this.#admin.ping(timeoutMs), this.#transport.probe(timeoutMs)]);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#closed.abort();
    const producers = [...this.#producers.values()];
    await Promise.allSettled([
      ...[...this.#consumers].map((consumer) => consumer.close()),
      ...producers.map(async (producer) => (await producer).close()),
    ]);
    await Promise.race([
      Promise.allSettled(this.#reads),
      new Promise((resolve) => setTimeout(resolve, READS_END_MS)),
    ]);
    this.#admin.close();
    await this.#transport.close();
  }

  /** At most once at a time; the answer tells the clock. */
  #askTheTime(): void {
    this.#asking ??= this.#admin
      .ping(PING_MS)
      .catch(() => undefined)
      .finally(() => {
        this.#asking = undefined;
      });
  }

  #sharedProducer(topic: Topic): Promise<SharedProducer> {
    const key = this.#admin.topicPath(topic);
    const known = this.#producers.get(key);
    if (known) return known;
    const opening = this.#openProducer(topic);
    this.#producers.set(key, opening);
    // the next one that asks tries again
    opening.catch(() => this.#producers.delete(key));
    return opening;
  }

  async #openProducer(topic: Topic): Promise<SharedProducer> {
    await this.#admin.requireTopic(topic);
    const wire = await this.#transport.openProducer(topic);
    const producer = new SharedProducer(wire, topic.name, this.#address.sendTimeoutMs, () => this.nowMs());
    if (this.#closing) await this.#refuseLate(producer);
    return producer;
  }

  /** For what was opened while the bus was being closed. */
  async #refuseLate(opened: Closable): Promise<never> {
    await opened.close();
    throw closedError();
  }

  #expectOpen(): void {
    if (this.#closing) throw closedError();
  }
}

/** A reader whose user is busy with a batch can't end; the bus does not wait for it. */
const READS_END_MS = 1_000;
const PING_MS = 5_000;

const closedError = () => new GenfleetError('closed', 'the bus was closed');
