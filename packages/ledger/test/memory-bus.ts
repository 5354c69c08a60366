import { setTimeout as sleep } from 'node:timers/promises';
import type { Bus, Message, OutgoingMessage, ReadBatch, ReadOptions } from '@genfleet/bus';
import { GenfleetError, type Topic } from '@genfleet/job';

interface Log {
  readonly messages: Message[];
  forgotten: number;
  grown: PromiseWithResolvers<void>;
}

/** The part of a bus that a view reads, in memory: for what needs faults, exact times or a great deal of messages. */
export class MemoryBus implements Bus {
  readonly #logs = new Map<string, Log>();
  #now: () => number;
  /** While set, everything fails with it. */
  fault: Error | undefined;
  /** What every subscription is said to hold. */
  inLine = 0;
  appended = 0;
  yielded = 0;

  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  append(topic: Topic, message: OutgoingMessage, publishTimeMs = this.#now()): Message {
    const log = this.#log(topic);
    const messageId = String(log.forgotten + log.messages.length + 1).padStart(12, '0');
    const { key, value, properties = {} } = message;
    const stored = { messageId, topic: topic.name, key, value, properties, publishTimeMs };
    log.messages.push(stored);
    this.appended += 1;
    log.grown.resolve();
    log.grown = Promise.withResolvers();
    return stored;
  }

  async producer(topic: Topic) {
    return { send: async (message: OutgoingMessage) => this.append(topic, message), close: async () => {} };
  }

  /** Takes the oldest away, as retention does. */
  forget(topic: Topic, count: number): void {
    const log = this.#log(topic);
    log.forgotten += log.messages.splice(0, count).length;
  }

  subscribe(): Promise<never> {
    return Promise.reject(new GenfleetError('closed', 'a view consumes nothing'));
  }

  async *read(topic: Topic, { from, signal, batchSize = 500 }: ReadOptions): AsyncGenerator<ReadBatch> {
    const log = this.#log(topic);
    let next = startOf(log.messages, from);
    const aborted = new Promise<void>((resolve) =>
      signal.addEventListener('abort', () => resolve(), { once: true }),
    );
    while (!signal.aborted) {
      if (this.fault) throw this.fault;
      const messages = log.messages.slice(next, next + batchSize);
      next += messages.length;
      this.yielded += messages.length;
      const { promise } = log.grown;
      const caughtUp = next >= log.messages.length;
      yield { messages, caughtUp };
      if (caughtUp) await Promise.race([promise, aborted]);
    }
  }

  async lastMessageId(topic: Topic): Promise<string | undefined> {
    await sleep(0);
    if (this.fault) throw this.fault;
    return this.#log(topic).messages.at(-1)?.messageId;
  }

  /** Makes the readers that wait see the fault. */
  fail(fault: Error): void {
    this.fault = fault;
    for (const log of this.#logs.values()) {
      log.grown.resolve();
      log.grown = Promise.withResolvers();
    }
  }

  async ensureTopics(): Promise<void> {}

  async backlog(): Promise<number> {
    return this.inLine;
  }

  nowMs(): number {
    return this.#now();
  }

  async ping(): Promise<void> {}

  async close(): Promise<void> {}

  #log(topic: Topic): Log {
    const known = this.#logs.get(topic.name);
    if (known) return known;
    const log = { messages: [], forgotten: 0, grown: Promise.withResolvers<void>() };
    this.#logs.set(topic.name, log);
    return log;
  }
}

function startOf(messages: readonly Message[], from: ReadOptions['from']): number {
  if (from === 'earliest') return 0;
  if (from === 'latest') return messages.length;
  const at =
    'atTimeMs' in from
      ? messages.findIndex(({ publishTimeMs }) => publishTimeMs >= from.atTimeMs)
      : messages.findIndex(({ messageId }) => messageId > from.afterMessageId);
  return at < 0 ? messages.length : at;
}
