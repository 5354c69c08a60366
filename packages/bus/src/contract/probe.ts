import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { GenfleetError, type Topic } from '@genfleet/job';
import type { Bus, Consumer, Delivery, Message, Position, Producer } from '../bus.ts';

/** Generous: the box may be busy, and a broker may be starting. */
const WITHIN_MS = 30_000;

export const SUBSCRIPTION = 'workers';

/** Waits until the condition holds. @throws Error naming what did not come true in time. */
export async function until(what: string, holds: () => boolean | Promise<boolean>, withinMs = WITHIN_MS) {
  const deadline = Date.now() + withinMs;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`not within ${withinMs} ms: ${what}`);
    await sleep(10);
  }
}

export function newTopic(persistent = true): Topic {
  return { name: `contract_${randomUUID().replaceAll('-', '')}`, persistent };
}

/** A new durable topic with one subscription, kept for ever. */
export async function createTopic(bus: Bus): Promise<Topic> {
  const topic = newTopic();
  await bus.ensureTopics([{ topic, subscriptions: [SUBSCRIPTION], retentionMs: Number.POSITIVE_INFINITY }]);
  return topic;
}

/** Sends values `first … first+count-1` as text, all in flight at once, in order. */
export async function sendNumbers(producer: Producer, count: number, first = 0, key = 'k') {
  return await Promise.all(
    Array.from({ length: count }, (_, index) => producer.send({ key, value: String(first + index) })),
  );
}

export const values = (messages: readonly Message[]) => messages.map((message) => message.value);
export const numbers = (count: number, first = 0) =>
  Array.from({ length: count }, (_, index) => String(first + index));
export const inNumericOrder = (texts: Iterable<string>) => [...texts].sort((a, b) => Number(a) - Number(b));

/** The code of the GenfleetError that the promise rejects with. @throws Error if it does not reject with one. */
export async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (thrown) {
    if (thrown instanceof GenfleetError) return thrown.code;
    throw new Error('rejected with something else than a GenfleetError', { cause: thrown });
  }
  throw new Error('did not reject');
}

/** Reads until the bus says that this is all. */
export async function readAll(bus: Bus, topic: Topic, from: Position = 'earliest', batchSize = 500) {
  const stop = new AbortController();
  const messages: Message[] = [];
  const signal = AbortSignal.any([stop.signal, AbortSignal.timeout(WITHIN_MS)]);
  for await (const batch of bus.read(topic, { from, signal, batchSize })) {
    messages.push(...batch.messages);
    if (batch.caughtUp) {
      stop.abort();
      return messages;
    }
  }
  throw new Error('the read ended before it had caught up');
}

/** A reader in the background. */
export class Tail {
  readonly messages: Message[] = [];
  /** How many messages had come when the reader was first told that it had caught up. */
  caughtUpAfter: number | undefined;
  readonly ended: Promise<void>;
  hasEnded = false;
  readonly #stop = new AbortController();

  constructor(bus: Bus, topic: Topic, from: Position) {
    this.ended = this.#run(bus, topic, from).finally(() => {
      this.hasEnded = true;
    });
    // seen again, as a failure, by whoever awaits `ended`
    this.ended.catch(() => undefined);
  }

  async #run(bus: Bus, topic: Topic, from: Position) {
    for await (const batch of bus.read(topic, { from, signal: this.#stop.signal })) {
      this.messages.push(...batch.messages);
      if (batch.caughtUp) this.caughtUpAfter ??= this.messages.length;
    }
  }

  async stop() {
    this.#stop.abort();
    await this.ended;
  }
}

/** A consumer that keeps what it gets, and acknowledges it if asked to. */
export class Inbox {
  readonly deliveries: Delivery[] = [];
  readonly times: number[] = [];
  inFlight = 0;
  mostInFlight = 0;
  consumer: Consumer | undefined;
  readonly #settle: (delivery: Delivery, inbox: Inbox) => Promise<void>;

  constructor(settle: (delivery: Delivery, inbox: Inbox) => Promise<void>) {
    this.#settle = settle;
  }

  get values(): string[] {
    return values(this.deliveries);
  }

  async receive(delivery: Delivery) {
    this.deliveries.push(delivery);
    this.times.push(Date.now());
    this.inFlight += 1;
    this.mostInFlight = Math.max(this.mostInFlight, this.inFlight);
    await this.#settle(delivery, this);
  }

  async close() {
    await this.consumer?.close();
  }
}

/** Lets go of the in-flight count before the bus can: the next delivery may come before `ack` resolves. */
export async function acknowledge(delivery: Delivery, inbox: Inbox) {
  inbox.inFlight -= 1;
  await delivery.ack();
}

/** Keeps deliveries without settling them. */
export async function hold() {}

export async function consume(
  bus: Bus,
  topic: Topic,
  settle: (delivery: Delivery, inbox: Inbox) => Promise<void> = acknowledge,
  maxInFlight = 16,
): Promise<Inbox> {
  const inbox = new Inbox(settle);
  inbox.consumer = await bus.subscribe(topic, SUBSCRIPTION, (delivery) => inbox.receive(delivery), {
    maxInFlight,
  });
  return inbox;
}
