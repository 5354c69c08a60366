import type { Message, OutgoingMessage } from '@genfleet/bus';
import type { BrokerOptions } from './broker-options.ts';
import type { Incarnation } from './incarnation.ts';
import type { Random } from './random.ts';
import { Subscription } from './subscription.ts';

/** Where a topic's reader stands and how it hears of more. */
interface Follower {
  readonly reader: Incarnation;
  readonly grew: () => void;
}

interface Log {
  readonly messages: Message[];
  readonly followers: Set<Follower>;
}

/** What the brokers and their disks hold, which no crash of a client changes. */
export class Broker {
  readonly options: BrokerOptions;
  readonly #logs = new Map<string, Log>();
  readonly #subscriptions = new Map<string, Subscription>();
  readonly #random: Random;

  constructor(options: BrokerOptions) {
    this.options = options;
    this.#random = options.scheduler.random;
  }

  messages(topic: string): readonly Message[] {
    return this.#log(topic).messages;
  }

  store(topic: string, message: OutgoingMessage, producer: Incarnation): Message {
    const { scheduler, stampedBy, nowMs, onStored } = this.options;
    const log = this.#log(topic);
    const { key, value, properties = {}, deliverAtMs } = message;
    const stored = {
      messageId: String(log.messages.length + 1).padStart(9, '0'),
      topic,
      key,
      value,
      properties,
      publishTimeMs: stampedBy === 'producer' ? nowMs(producer) : Math.floor(scheduler.nowMs),
    };
    log.messages.push(stored);
    onStored(stored);
    for (const follower of log.followers) follower.grew();
    for (const subscription of this.#subscriptions.values()) {
      if (subscription.topic === topic) subscription.add(stored, deliverAtMs ?? 0);
    }
    return stored;
  }

  /** Calls `grew` for each message that comes, until the returned function is called. */
  follow(topic: string, follower: Follower): () => void {
    const { followers } = this.#log(topic);
    followers.add(follower);
    return () => followers.delete(follower);
  }

  subscription(topic: string, name: string): Subscription {
    const key = `${topic}/${name}`;
    const known = this.#subscriptions.get(key);
    if (known) return known;
    const made = new Subscription(topic, this.options);
    this.#subscriptions.set(key, made);
    for (const message of this.messages(topic)) made.add(message, 0);
    return made;
  }

  /** The connections of a process are gone: what it held goes to others. */
  unlink(incarnation: Incarnation): void {
    for (const subscription of this.#subscriptions.values()) subscription.unlink(incarnation);
  }

  /** The process is connected again, and gets deliveries. */
  relink(incarnation: Incarnation): void {
    for (const subscription of this.#subscriptions.values()) subscription.relink(incarnation);
  }

  /** Forgets all that is not on a disk. */
  restart(): void {
    for (const subscription of this.#subscriptions.values()) subscription.restart();
  }

  /** Hands out once more what a consumer holds already, as after a connection that only one end believes lost. */
  duplicate(): void {
    for (const subscription of this.#subscriptions.values()) subscription.duplicate(this.#random);
  }

  #log(topic: string): Log {
    const known = this.#logs.get(topic);
    if (known) return known;
    const log = { messages: [], followers: new Set<Follower>() };
    this.#logs.set(topic, log);
    return log;
  }
}
