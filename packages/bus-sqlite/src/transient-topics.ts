import { closeSync, openSync, rmSync } from 'node:fs';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import type { OutgoingMessage, ReadBatch, ReadOptions } from '@genfleet/bus';
import { isDamaged, isOfSqlite } from './faults.ts';
import { messageIdOf } from './message-id.ts';
import { patiently } from './patience.ts';
import { readTopic } from './read-topic.ts';
import { WakeUp } from './wake-up.ts';

/** Messages kept for readers of other processes to pick up. */
const KEPT = 2_000;
const TRIM_EVERY = 200;
/** Writes of others take microseconds; nobody waits longer for what is worth having now or never. */
const BUSY_TIMEOUT_MS = 50;

/** Non-persistent topics: a small ring in a file of its own that is never waited for. */
export class TransientTopics {
  readonly #database: DatabaseSync;
  readonly #insert: StatementSync;
  readonly #trim: StatementSync;
  readonly #wakeUp: WakeUp;
  #sent = 0;
  #lastSeq = 0;

  constructor(file: string) {
    this.#database = openRing(file);
    this.#insert = this.#database.prepare(
      'insert into messages (topic, key, value, properties, time_ms) values (?, ?, ?, ?, ?)',
    );
    this.#trim = this.#database.prepare('delete from messages where seq <= ?');
    this.#wakeUp = new WakeUp(this.#database);
  }

  /** A message that the disk does not take is lost, as one is that nobody reads: its sender has nothing to mend. */
  send(topic: string, message: OutgoingMessage): { messageId: string; publishTimeMs: number } {
    const timeMs = Date.now();
    const properties = message.properties ? JSON.stringify(message.properties) : null;
    try {
      const { lastInsertRowid } = this.#insert.run(topic, message.key, message.value, properties, timeMs);
      this.#lastSeq = Number(lastInsertRowid);
      this.#sent += 1;
      if (this.#sent % TRIM_EVERY === 0) this.#trim.run(this.#lastSeq - KEPT);
      this.#wakeUp.ring();
    } catch (error) {
      if (!isOfSqlite(error)) throw error;
    }
    return { messageId: messageIdOf(this.#lastSeq), publishTimeMs: timeMs };
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

/** Opens the ring; one that is damaged is thrown away, as nothing in it is kept. */
function openRing(file: string): DatabaseSync {
  try {
    return createRing(file);
  } catch (error) {
    if (!isDamaged(error)) throw error;
    for (const end of ['', '-wal', '-shm']) rmSync(file + end, { force: true });
    return createRing(file);
  }
}

function createRing(file: string): DatabaseSync {
  closeSync(openSync(file, 'a', 0o600));
  const database = new DatabaseSync(file, { timeout: BUSY_TIMEOUT_MS });
  try {
    patiently(() => database.exec('pragma journal_mode = wal'));
    database.exec(`pragma synchronous = off; pragma cache_size = -1024;
      create table if not exists messages (seq integer primary key autoincrement, topic text not null,
        key text not null, value text not null, properties text, time_ms integer not null);`);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}
