import type { DatabaseSync } from 'node:sqlite';
import {
  type Bus,
  type Consumer,
  type ConsumerOptions,
  checkOutgoing,
  type Delivery,
  type OutgoingMessage,
  type Producer,
  type ReadBatch,
  type ReadOptions,
  type TopicSpec,
} from '@genfleet/bus';
import { GenfleetError, type Topic } from '@genfleet/job';
import { SqliteConsumer } from './consumer.ts';
import { openForReading } from './database.ts';
import { faultOf } from './faults.ts';
import { GroupCommit } from './group-commit.ts';
import { messageIdOf } from './message-id.ts';
import { readTopic } from './read-topic.ts';
import { messageTable } from './schema.ts';
import { Tails } from './tails.ts';
import { TransientTopics } from './transient-topics.ts';
import { WakeUp } from './wake-up.ts';

/** Topics in one SQLite file that several processes may have open. */
export class SqliteBus implements Bus {
  readonly #database: DatabaseSync;
  readonly #commit: GroupCommit;
  readonly #wakeUp: WakeUp;
  readonly #tails: Tails;
  readonly #transient: TransientTopics;
  readonly #topicIds = new Map<string, number>();
  readonly #consumers = new Set<Consumer>();
  readonly #closed = new AbortController();

  private constructor(parts: {
    database: DatabaseSync;
    commit: GroupCommit;
    wakeUp: WakeUp;
    tails: Tails;
    transient: TransientTopics;
  }) {
    this.#database = parts.database;
    this.#commit = parts.commit;
    this.#wakeUp = parts.wakeUp;
    this.#tails = parts.tails;
    this.#transient = parts.transient;
  }

  /** @throws GenfleetError `bus_unavailable` when the file can't be used. */
  static async open(file: string): Promise<SqliteBus> {
    const wakeUp = new WakeUp();
    const tails = new Tails();
    const commit = await GroupCommit.open(file, {
      onChanged: () => wakeUp.ring(),
      onPublished: (publishes, result) => tails.published(publishes, result),
    });
    try {
      const database = openForReading(file);
      const transient = new TransientTopics(`${file}-progress`);
      return new SqliteBus({ database, commit, wakeUp, tails, transient });
    } catch (error) {
      await commit.close();
      const { message, retryable } = faultOf(error, file);
      throw new GenfleetError('bus_unavailable', message, { cause: error, retryable });
    }
  }

  async producer(topic: Topic): Promise<Producer> {
    const id = topic.persistent ? this.#topicId(topic) : 0;
    let isClosed = false;
    return {
      send: async (message) => {
        if (isClosed || this.#closed.signal.aborted)
          throw new GenfleetError('closed', 'the producer was closed');
        checkOutgoing(message);
        return topic.persistent ? this.#publish(id, message) : this.#transient.send(topic.name, message);
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
    const topicId = this.#topicId(topic);
    const id = this.#subscriptionId(topicId, subscription);
    const source = {
      commit: this.#commit,
      wakeUp: this.#wakeUp,
      topic: topic.name,
      topicId,
      subscription: id,
    };
    const consumer = new SqliteConsumer(source, handler, options);
    this.#consumers.add(consumer);
    return consumer;
  }

  read(topic: Topic, options: ReadOptions): AsyncIterable<ReadBatch> {
    const signal = AbortSignal.any([options.signal, this.#closed.signal]);
    if (!topic.persistent) return this.#transient.read(topic.name, { ...options, signal });
    const topicId = this.#topicId(topic);
    const table = messageTable(topicId);
    const shared = { database: this.#database, wakeUp: this.#wakeUp, tails: this.#tails };
    const source = { ...shared, topicId, table, topic: topic.name };
    return readTopic(source, { ...options, signal });
  }

  async lastMessageId(topic: Topic): Promise<string | undefined> {
    const table = messageTable(this.#topicId(topic));
    const seq = this.#database.prepare(`select max(seq) as seq from ${table}`).get()?.['seq'];
    return seq === null || seq === undefined ? undefined : messageIdOf(Number(seq));
  }

  async ensureTopics(specs: readonly TopicSpec[]): Promise<void> {
    this.#checkOpen();
    const persistent = specs.filter(({ topic }) => topic.persistent);
    await this.#commit.ensure(
      persistent.map(({ topic, subscriptions, retentionMs }) => ({
        name: topic.name,
        subscriptions: [...subscriptions],
        retentionMs: Number.isFinite(retentionMs) ? retentionMs : null,
      })),
    );
  }

  async backlog(topic: Topic, subscription: string): Promise<number> {
    const id = this.#subscriptionId(this.#topicId(topic), subscription);
    const count = this.#database
      .prepare(
        `select t.published - s.passed + (select count(*) from pending p where p.subscription = s.id) as count
         from subscriptions s join topics t on t.id = s.topic where s.id = ?`,
      )
      .get(id);
    return Number(count?.['count'] ?? 0);
  }

  /** All who have the file are on one machine. */
  nowMs(): number {
    return Date.now();
  }

  async ping(timeoutMs: number): Promise<void> {
    this.#checkOpen();
    // even to ensure nothing takes a transaction of the thread
    const late = new Promise<never>((_, reject) => {
      const error = new GenfleetError('bus_unavailable', `no answer from the disk within ${timeoutMs} ms`);
      setTimeout(() => reject(error), timeoutMs).unref();
    });
    await Promise.race([this.#commit.ensure([]), late]);
  }

  async close(): Promise<void> {
    if (this.#closed.signal.aborted) return;
    await Promise.allSettled([...this.#consumers].map((consumer) => consumer.close()));
    this.#closed.abort();
    await this.#commit.close();
    // readers see the end before the connection they read from is gone
    await new Promise((resolve) => setImmediate(resolve));
    this.#wakeUp.close();
    this.#transient.close();
    this.#database.close();
  }

  async #publish(
    topic: number,
    message: OutgoingMessage,
  ): Promise<{ messageId: string; publishTimeMs: number }> {
    const { acks = [], unhurried = false } = message;
    // asked for in the same tick, so in the same transaction
    const ask = () => Promise.all([this.#append(topic, message), ...acks.map((delivery) => delivery.ack())]);
    const [{ seq, timeMs }] = await (unhurried ? this.#commit.unhurried(ask) : ask());
    return { messageId: messageIdOf(seq), publishTimeMs: timeMs };
  }

  #append(topic: number, { key, value, properties = {}, deliverAtMs = 0, fleeting }: OutgoingMessage) {
    return this.#commit.publish({
      topic,
      key,
      value,
      properties: Object.keys(properties).length > 0 ? JSON.stringify(properties) : null,
      dueMs: deliverAtMs,
      synced: !fleeting,
    });
  }

  #topicId({ name }: Topic): number {
    this.#checkOpen();
    const known = this.#topicIds.get(name);
    if (known !== undefined) return known;
    const id = this.#database.prepare('select id from topics where name = ?').get(name)?.['id'];
    if (id === undefined)
      throw new GenfleetError('topic_not_found', `there is no topic ${name}; create it first`);
    this.#topicIds.set(name, Number(id));
    return Number(id);
  }

  #subscriptionId(topicId: number, name: string): number {
    const select = this.#database.prepare('select id from subscriptions where topic = ? and name = ?');
    const id = select.get(topicId, name)?.['id'];
    if (id === undefined)
      throw new GenfleetError('topic_not_found', `there is no subscription ${name}; create it first`);
    return Number(id);
  }

  #checkOpen(): void {
    if (this.#closed.signal.aborted) throw new GenfleetError('closed', 'the bus was closed');
  }
}
