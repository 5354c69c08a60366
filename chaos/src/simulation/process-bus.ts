import {
  type Bus,
  type Consumer,
  type ConsumerOptions,
  checkOutgoing,
  type Delivery,
  type OutgoingMessage,
  type Position,
  type Producer,
  type ReadBatch,
  type ReadOptions,
} from '@genfleet/bus';
import type { Topic } from '@genfleet/job';
import type { Broker } from './broker.ts';
import type { Incarnation } from './incarnation.ts';
import { busFault, type Lane, type Network } from './network.ts';
import type { Scheduler } from './scheduler.ts';
import type { ConsumerLink, Hand, Subscription } from './subscription.ts';

/** Between two looks of a reader whose broker is away. */
const RECONNECT_MS = 200;

export interface BusWorld {
  readonly scheduler: Scheduler;
  readonly network: Network;
  readonly broker: Broker;
  /** By how much the reader of a topic in this process lags behind the others, in ms. */
  readonly lagMs: (reader: Incarnation, topic: string) => number;
}

/** The bus as one process has it: the port, over connections that fail with that process and by themselves. */
export class ProcessBus implements Bus {
  readonly #world: BusWorld;
  readonly #owner: Incarnation;

  constructor(world: BusWorld, owner: Incarnation) {
    this.#world = world;
    this.#owner = owner;
  }

  async producer(topic: Topic): Promise<Producer> {
    const lane: Lane = { arrivedMs: 0 };
    const send = (message: OutgoingMessage) => {
      checkOutgoing(message);
      // what a lossy topic carries is nobody's promise
      if (!topic.persistent) return Promise.resolve({ messageId: '', publishTimeMs: 0 });
      return this.#call(
        `publish ${topic.name}`,
        () => {
          const { messageId, publishTimeMs } = this.#world.broker.store(topic.name, message, this.#owner);
          return { messageId, publishTimeMs };
        },
        lane,
      );
    };
    return { send: async (message) => send(message), close: async () => undefined };
  }

  async subscribe(
    topic: Topic,
    name: string,
    handler: (delivery: Delivery) => Promise<void>,
    { maxInFlight }: ConsumerOptions,
  ): Promise<Consumer> {
    const subscription = this.#world.broker.subscription(topic.name, name);
    const link: ConsumerLink = {
      owner: this.#owner,
      maxInFlight,
      isPaused: false,
      isOpen: true,
      receive: (hand) => {
        const delivery = this.#delivery(subscription, link, hand);
        handler(delivery).catch(() => delivery.nack(1_000));
      },
    };
    await this.#call('subscribe', () => subscription.open(link));
    return {
      pause: () => {
        link.isPaused = true;
      },
      resume: () => {
        if (!link.isPaused) return;
        link.isPaused = false;
        subscription.dispatch(0);
      },
      close: () => this.#call('unsubscribe', () => subscription.close(link)).catch(() => undefined),
    };
  }

  async *read(topic: Topic, { from, signal, batchSize = 500 }: ReadOptions): AsyncGenerator<ReadBatch> {
    const messages = this.#world.broker.messages(topic.name);
    let next = startOf(messages, from);
    const arrivals = this.arrivals(topic);
    signal.addEventListener('abort', arrivals.stop, { once: true });
    while (!signal.aborted) {
      await arrivals.next();
      if (signal.aborted) return;
      while (next < messages.length || !arrivals.wasCaughtUp) {
        const batch = messages.slice(next, next + batchSize);
        next += batch.length;
        arrivals.wasCaughtUp = next >= messages.length;
        yield { messages: batch, caughtUp: arrivals.wasCaughtUp };
        if (signal.aborted) return;
      }
    }
  }

  /** When there may be something new to read of a topic; the first time at once. */
  arrivals(topic: Topic) {
    const { scheduler, network, broker, lagMs } = this.#world;
    const owner = this.#owner;
    let coming = Promise.withResolvers<void>();
    let isOnItsWay = false;
    const look = (delayMs: number) => {
      isOnItsWay = true;
      scheduler.after(delayMs, owner, `read ${topic.name}`, () => {
        if (!network.isUp || !owner.isLinked) return look(RECONNECT_MS);
        isOnItsWay = false;
        coming.resolve();
      });
    };
    const grew = () => {
      if (!isOnItsWay) look(network.latencyMs() + lagMs(owner, topic.name));
    };
    const stopFollowing = broker.follow(topic.name, { reader: owner, grew });
    grew();
    return {
      wasCaughtUp: false,
      next: async () => {
        await coming.promise;
        coming = Promise.withResolvers();
      },
      stop: () => {
        stopFollowing();
        coming.resolve();
      },
    };
  }

  lastMessageId(topic: Topic): Promise<string | undefined> {
    return this.#call('last message', () => this.#world.broker.messages(topic.name).at(-1)?.messageId);
  }

  backlog(topic: Topic, name: string): Promise<number> {
    return this.#call('backlog', () => this.#world.broker.subscription(topic.name, name).backlog);
  }

  nowMs(): number {
    return this.#world.broker.options.nowMs(this.#owner);
  }

  ping(): Promise<void> {
    return this.#call('ping', () => undefined);
  }

  async ensureTopics(): Promise<void> {}

  async close(): Promise<void> {}

  #delivery(subscription: Subscription, link: ConsumerLink, hand: Hand): Delivery {
    const { network } = this.#world;
    const settle = (label: string, effect: () => void) =>
      // a settlement gets lost with its connection, and the next one begins with all that is unsettled
      network.call({
        owner: this.#owner,
        label,
        effect,
        fault: busFault,
        onLost: () => subscription.reset(link),
      });
    return {
      ...hand.message,
      ack: () => settle('acknowledge', () => subscription.ack(link, hand)),
      nack: (delayMs) => settle('hand back', () => subscription.nack(link, hand, delayMs)),
    };
  }

  #call<T>(label: string, effect: () => T, lane?: Lane): Promise<T> {
    const call = { owner: this.#owner, label, effect, fault: busFault };
    return this.#world.network.call(lane ? { ...call, lane } : call);
  }
}

function startOf(messages: readonly { messageId: string; publishTimeMs: number }[], from: Position): number {
  if (from === 'earliest') return 0;
  if (from === 'latest') return messages.length;
  const at =
    'atTimeMs' in from
      ? messages.findIndex(({ publishTimeMs }) => publishTimeMs >= from.atTimeMs)
      : messages.findIndex(({ messageId }) => messageId > from.afterMessageId);
  return at < 0 ? messages.length : at;
}
