import { randomUUID } from 'node:crypto';
import { closeSync, openSync, rmSync } from 'node:fs';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import type { Message, OutgoingMessage, ReadBatch, ReadOptions } from '@genfleet/bus';
import { DataVersion } from './data-version.ts';
import { isDamaged, isOfSqlite } from './faults.ts';
import { messageIdOf } from './message-id.ts';
import { patiently } from './patience.ts';
import { Presence } from './presence.ts';
import type { MessageRow } from './protocol.ts';
import { toMessage } from './read-topic.ts';
import { WakeUp } from './wake-up.ts';

/** Messages kept for readers of other processes to pick up. */
const KEPT = 2_000;
const TRIM_EVERY = 200;
const BATCH_SIZE = 500;
/** Writes of others take microseconds; nobody waits longer for what is worth having now or never. */
const BUSY_TIMEOUT_MS = 50;

/** Non-persistent topics: a small ring in a file of its own that is never waited for. */
export class TransientTopics {
  readonly #database: DatabaseSync;
  readonly #insert: StatementSync;
  readonly #trim: StatementSync;
  readonly #foreign: StatementSync;
  readonly #presence: Presence;
  readonly #wakeUp: WakeUp;
  /** Of this process, among those that have the file open. */
  readonly #sender = randomUUID();
  /** Readers of this process, which need not look into the file for what it sends itself. */
  readonly #readers = new Map<string, Set<TransientReader>>();
  #sent = 0;
  #lastSeq = 0;

  constructor(file: string) {
    this.#database = openRing(file);
    this.#insert = this.#database.prepare(
      'insert into sent (sender, topic, key, value, properties, time_ms) values (?, ?, ?, ?, ?, ?)',
    );
    this.#foreign = this.#database.prepare(
      `select seq, key, value, properties, time_ms as timeMs from sent
       where seq > ? and topic = ? and sender <> ? order by seq`,
    );
    this.#trim = this.#database.prepare('delete from sent where seq <= ?');
    this.#presence = new Presence(this.#database, this.#sender);
    this.#wakeUp = new WakeUp(new DataVersion(this.#database));
  }

  /** A message that the disk does not take is lost, as one is that nobody reads: its sender has nothing to mend. */
  send(topic: string, message: OutgoingMessage): { messageId: string; publishTimeMs: number } {
    const timeMs = Date.now();
    if (this.#presence.hasOthers()) this.#writeDown(topic, message, timeMs);
    else this.#lastSeq += 1;
    const messageId = messageIdOf(this.#lastSeq);
    const { key, value, properties = {} } = message;
    for (const reader of this.#readers.get(topic) ?? []) {
      reader.take([{ messageId, topic, key, value, properties, publishTimeMs: timeMs }]);
    }
    return { messageId, publishTimeMs: timeMs };
  }

  /** For readers of other processes. */
  #writeDown(topic: string, message: OutgoingMessage, timeMs: number): void {
    const properties = message.properties ? JSON.stringify(message.properties) : null;
    try {
      const { lastInsertRowid } = this.#insert.run(
        this.#sender,
        topic,
        message.key,
        message.value,
        properties,
        timeMs,
      );
      // ids go on rising where the file is behind what was never written down
      this.#lastSeq = Math.max(this.#lastSeq + 1, Number(lastInsertRowid));
      this.#sent += 1;
      if (this.#sent % TRIM_EVERY === 0) this.#trim.run(Number(lastInsertRowid) - KEPT);
    } catch (error) {
      if (!isOfSqlite(error)) throw error;
    }
  }

  /** From now on, whatever position is asked for: nothing is kept. */
  async *read(topic: string, { signal, batchSize }: ReadOptions): AsyncGenerator<ReadBatch> {
    const reader = new TransientReader();
    const readers = this.#readers.get(topic) ?? new Set();
    this.#readers.set(topic, readers.add(reader));
    let after = Number(this.#database.prepare('select max(seq) as seq from sent').get()?.['seq'] ?? 0);
    const look = () => {
      const rows = this.#foreign.all(after, topic, this.#sender) as unknown as MessageRow[];
      after = rows.at(-1)?.seq ?? after;
      reader.take(rows.map((row) => toMessage(topic, row)));
    };
    const unlisten = this.#wakeUp.listen(look);
    const wake = () => reader.wake();
    signal.addEventListener('abort', wake, { once: true });
    try {
      await this.#presence.announce();
      yield { messages: [], caughtUp: true };
      while (!signal.aborted) {
        const batch = await reader.next(batchSize ?? BATCH_SIZE);
        if (batch.messages.length > 0) yield batch;
      }
    } finally {
      readers.delete(reader);
      unlisten();
      signal.removeEventListener('abort', wake);
    }
  }

  close(): void {
    this.#presence.leave();
    this.#wakeUp.close();
    this.#database.close();
  }
}

/** What one reader has not taken yet; one that falls far behind loses the oldest. */
class TransientReader {
  #messages: Message[] = [];
  #changed = Promise.withResolvers<void>();

  take(messages: readonly Message[]): void {
    if (messages.length === 0) return;
    this.#messages.push(...messages);
    if (this.#messages.length > KEPT) this.#messages = this.#messages.slice(-KEPT);
    this.wake();
  }

  wake(): void {
    this.#changed.resolve();
  }

  /** Resolves with what there is, once something is there or it was woken. */
  async next(batchSize: number): Promise<ReadBatch> {
    if (this.#messages.length === 0) await this.#changed.promise;
    this.#changed = Promise.withResolvers();
    const messages = this.#messages.splice(0, batchSize);
    return { messages, caughtUp: this.#messages.length === 0 };
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
      drop table if exists messages;
      create table if not exists sent (seq integer primary key autoincrement, sender text not null,
        topic text not null, key text not null, value text not null, properties text,
        time_ms integer not null);
      create table if not exists readers (sender text primary key, host text not null,
        pid integer not null) without rowid;`);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}
