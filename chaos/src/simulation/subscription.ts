import type { Message } from '@genfleet/bus';
import type { BrokerOptions } from './broker-options.ts';
import type { Incarnation } from './incarnation.ts';
import type { Random } from './random.ts';

/** One hand-over of a message. */
export interface Hand {
  readonly message: Message;
  readonly number: number;
}

/** A consumer as the broker knows it. */
export interface ConsumerLink {
  readonly owner: Incarnation;
  readonly maxInFlight: number;
  readonly receive: (hand: Hand) => void;
  isPaused: boolean;
  isOpen: boolean;
}

interface Entry {
  readonly message: Message;
  /** Not handed out before, Unix ms. */
  dueMs: number;
  /** That it may not be handed out earlier stands in the message, not in somebody's memory. */
  readonly deliverAtMs: number;
  holder: ConsumerLink | undefined;
  hands: number;
}

/** Competing consumption of one topic: who holds what, and what waits. */
export class Subscription {
  readonly topic: string;
  readonly #options: BrokerOptions;
  readonly #entries = new Map<string, Entry>();
  readonly #links = new Set<ConsumerLink>();
  #isDispatching = false;

  constructor(topic: string, options: BrokerOptions) {
    this.topic = topic;
    this.#options = options;
  }

  /** Messages not yet acknowledged. */
  get backlog(): number {
    return this.#entries.size;
  }

  add(message: Message, deliverAtMs: number): void {
    this.#entries.set(message.messageId, {
      message,
      dueMs: deliverAtMs,
      deliverAtMs,
      holder: undefined,
      hands: 0,
    });
    this.dispatch(Math.max(0, deliverAtMs - this.#options.scheduler.nowMs));
  }

  open(link: ConsumerLink): void {
    this.#links.add(link);
    this.dispatch(0);
  }

  close(link: ConsumerLink): void {
    link.isOpen = false;
    this.#links.delete(link);
    this.#letGo(link);
  }

  unlink(owner: Incarnation): void {
    for (const link of this.#links) {
      if (link.owner !== owner) continue;
      this.#letGo(link);
      if (!owner.isAlive) this.#links.delete(link);
    }
  }

  /** One connection was lost and made again. */
  reset(link: ConsumerLink): void {
    if (link.isOpen) this.#letGo(link);
  }

  relink(owner: Incarnation): void {
    for (const link of this.#links) if (link.owner === owner) this.dispatch(0);
  }

  /** The broker began anew: who held what and which delays were asked for is forgotten. */
  restart(): void {
    for (const entry of this.#entries.values()) {
      entry.holder = undefined;
      entry.dueMs = entry.deliverAtMs;
    }
    this.dispatch(0);
  }

  ack(link: ConsumerLink, { message, number }: Hand): void {
    const entry = this.#entries.get(message.messageId);
    if (!entry) return;
    const isLate = entry.holder !== link || entry.hands !== number;
    if (isLate) this.#options.story.count(`acknowledged late (${this.#options.lateAcks})`);
    if (isLate && this.#options.lateAcks === 'are ignored') return;
    this.#entries.delete(message.messageId);
    this.#options.onAcked(message);
    this.dispatch(0);
  }

  nack(link: ConsumerLink, { message, number }: Hand, delayMs: number): void {
    const entry = this.#entries.get(message.messageId);
    if (!entry || entry.holder !== link || entry.hands !== number) return;
    this.#options.story.tell(
      'broker',
      () => `delivery of ${this.#nameOf(message)} is handed back for ${delayMs} ms`,
    );
    entry.holder = undefined;
    entry.dueMs = Math.max(entry.deliverAtMs, this.#options.scheduler.nowMs + delayMs);
    this.dispatch(delayMs);
  }

  duplicate(random: Random): void {
    const held = [...this.#entries.values()].filter(({ holder }) => holder);
    if (held.length === 0) return;
    random.pick(held).holder = undefined;
    this.#options.story.count('deliveries duplicated');
    this.dispatch(0);
  }

  /** Looks soon what can be handed to whom. */
  dispatch(delayMs: number): void {
    if (delayMs <= 0 && this.#isDispatching) return;
    if (delayMs <= 0) this.#isDispatching = true;
    // sums of fractions may fall short of the time they stand for
    this.#options.scheduler.after(delayMs + 0.01, undefined, 'dispatch', () => {
      if (delayMs <= 0) this.#isDispatching = false;
      this.#handOut();
    });
  }

  #handOut(): void {
    const { scheduler, network } = this.#options;
    if (!network.isUp) return;
    for (const entry of this.#entries.values()) {
      if (entry.holder || entry.dueMs > scheduler.nowMs) continue;
      const free = [...this.#links].filter((link) => this.#hasRoom(link));
      if (free.length === 0) return;
      this.#hand(entry, scheduler.random.pick(free));
    }
  }

  #hasRoom(link: ConsumerLink): boolean {
    if (!link.isOpen || link.isPaused || !link.owner.isReachable) return false;
    let held = 0;
    for (const { holder } of this.#entries.values()) if (holder === link) held += 1;
    return held < link.maxInFlight;
  }

  #hand(entry: Entry, link: ConsumerLink): void {
    const { scheduler, network, story } = this.#options;
    entry.holder = link;
    entry.hands += 1;
    if (entry.hands > 1) story.count('deliveries repeated');
    const hand = { message: entry.message, number: entry.hands };
    const { label } = link.owner;
    story.tell('broker', () => `${this.#nameOf(entry.message)} goes to ${label}, hand ${hand.number}`);
    scheduler.after(network.latencyMs(), link.owner, 'delivery', () => {
      if (entry.holder === link && entry.hands === hand.number && link.isOpen) link.receive(hand);
    });
  }

  #nameOf({ key, messageId }: Message): string {
    return `message ${Number(messageId)} (${this.#options.story.name(key)})`;
  }

  /** What a consumer held is anybody's again, and no delay that it asked for is remembered. */
  #letGo(link: ConsumerLink): void {
    for (const entry of this.#entries.values()) {
      if (entry.holder !== link) continue;
      entry.holder = undefined;
      entry.dueMs = entry.deliverAtMs;
      this.#options.story.count('deliveries taken back');
    }
    this.dispatch(0);
  }
}
