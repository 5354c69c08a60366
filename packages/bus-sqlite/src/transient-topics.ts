import { chmodSync } from 'node:fs';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import type { OutgoingMessage, ReadBatch, ReadOptions } from '@genfleet/bus';
import { messageIdOf } from './message-id.ts';
import { readTopic } from './read-topic.ts';
import { WakeUp } from './wake-up.ts';

/** Messages kept for readers of other processes to pick up. */
const KEPT = 2_000;
const TRIM_EVERY = 200;

/** Non-persistent topics: a small ring in a file of its own that is never waited for. */
export class TransientTopics {
  readonly #database: DatabaseSync;
  readonly #insert: StatementSync;
  readonly #trim: StatementSync;
  readonly #wakeUp: WakeUp;
  #sent = 0;

  constructor(file: string) {
    this.#database = new DatabaseSync(file, { timeout: 1_000 });
    chmodSync(file, 0o600);
    this.#database.exec(`pragma journal_mode = wal; pragma synchronous = off;
      create table if not exists messages (seq integer primary key autoincrement, topic text not null,
        key text not null, value text not null, properties text, time_ms integer not null);`);
    this.#insert = this.#database.prepare(
      'insert into messages (topic, key, value, properties, time_ms) values (?, ?, ?, ?, ?)',
    );
    this.#trim = this.#database.prepare('delete from messages where seq <= ?');
    this.#wakeUp = new WakeUp(this.#database);
  }

  send(topic: string, message: OutgoingMessage): { messageId: string; publishTimeMs: number } {
    const timeMs = Date.now();
    const properties = message.properties ? JSON.stringify(message.properties) : null;
    const { lastInsertRowid } = this.#insert.run(topic, message.key, message.value, properties, timeMs);
    const seq = Number(lastInsertRowid);
    this.#sent += 1;
    if (this.#sent % TRIM_EVERY === 0) this.#trim.run(seq - KEPT);
    this.#wakeUp.ring();
    return { messageId: messageIdOf(seq), publishTimeMs: timeMs };
  }

  /** From now on, whatever position is asked for: nothing is kept. */
  read(topic: string, options: ReadOptions): AsyncIterable<ReadBatch> {
    const where = { sql: 'topic = ?', value: topic };
    const source = { database: this.#database, wakeUp: this.#wakeUp, table: 'messages', where, topic };
    return readTopic(source, { ...options, from: 'latest' });
  }

  close(): void {
    this.#wakeUp.close();
    this.#database.close();
  }
}
