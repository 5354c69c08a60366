import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { inTransaction } from './database.ts';
import type { Publish } from './group-commit.ts';
import type { Fetch, Fetched, FetchedRow, Group, GroupResult, Settle } from './protocol.ts';

/** An owner that has not shown itself for so long is dead, and its deliveries go to others. */
const OWNER_TTL_MS = 2_000;
const TRIMMED_AT_ONCE = 500;

/** All that changes the file. Runs in a thread of its own; every public call is one transaction. */
export class Writer {
  readonly #database: DatabaseSync;
  readonly #owner: string;
  readonly #statements: Record<StatementName, StatementSync>;

  #synced: boolean | undefined;

  constructor(database: DatabaseSync, owner: string) {
    this.#database = database;
    this.#owner = owner;
    this.#statements = prepareAll(database);
  }

  /**
   * All groups or none. Messages are synced to the disk before this returns; settlements and hand-outs alone are
   * not: a killed process loses none of them, and a power cut costs a second delivery at most.
   */
  apply(groups: readonly Group[]): GroupResult[] {
    this.#sync(groups.some(({ publishes }) => publishes.keys.length > 0));
    return inTransaction(this.#database, () => {
      const lastTimes = new Map<number, number>();
      return groups.map(({ publishes, settles, fetches }) => {
        const published = publishes.keys.map((key, index) => {
          const dueMs = publishes.dueMs[index] ?? 0;
          const value = publishes.values[index] ?? '';
          const properties = publishes.properties[index] ?? null;
          const topic = publishes.topics[index] ?? 0;
          return this.#publish({ topic, key, value, properties, dueMs }, lastTimes);
        });
        for (const settle of settles) this.#settle(settle);
        return {
          seqs: published.map(({ seq }) => seq),
          timesMs: published.map(({ timeMs }) => timeMs),
          fetched: fetches.map((fetch) => this.#fetch(fetch)),
        };
      });
    });
  }

  /** Shows that this owner lives, and frees what dead ones held. @returns whether anything was freed. */
  beat(nowMs: number): boolean {
    this.#sync(false);
    return inTransaction(this.#database, () => {
      this.#statements.beat.run(this.#owner, process.pid, nowMs);
      let freed = 0n;
      for (const { id, pid, beat_ms: beatMs } of this.#statements.owners.all()) {
        if (id === this.#owner || (Number(beatMs) > nowMs - OWNER_TTL_MS && isAlive(Number(pid)))) continue;
        freed += BigInt(this.#statements.free.run(String(id)).changes);
        this.#statements.forget.run(String(id));
      }
      return freed > 0n;
    });
  }

  /** Removes some of what is past its topic's retention and acknowledged by all. */
  trim(nowMs: number): void {
    this.#sync(false);
    inTransaction(this.#database, () => this.#statements.trim.run(nowMs, TRIMMED_AT_ONCE));
  }

  /** Gives everything back at a clean end. */
  leave(): void {
    inTransaction(this.#database, () => {
      this.#statements.free.run(this.#owner);
      this.#statements.forget.run(this.#owner);
    });
  }

  #sync(synced: boolean): void {
    if (this.#synced === synced) return;
    this.#database.exec(`pragma synchronous = ${synced ? 'full' : 'normal'}`);
    this.#synced = synced;
  }

  #publish(publish: Publish, lastTimes: Map<number, number>): { seq: number; timeMs: number } {
    const { topic, key, value, properties, dueMs } = publish;
    // the clock may be set back; a topic's times never go back
    const last = lastTimes.get(topic) ?? Number(this.#statements.lastTime.get(topic)?.['time_ms'] ?? 0);
    const timeMs = Math.max(Date.now(), last);
    lastTimes.set(topic, timeMs);
    const inserted = this.#statements.insert.run(topic, key, value, properties, timeMs, dueMs);
    const seq = Number(inserted.lastInsertRowid);
    this.#statements.enqueue.run(seq, Math.max(timeMs, dueMs), topic);
    return { seq, timeMs };
  }

  #settle({ subscription, seq, dueMs }: Settle): void {
    // only while it is still ours: it may have been taken from an owner that seemed dead
    if (dueMs === undefined) this.#statements.ack.run(subscription, seq, this.#owner);
    else this.#statements.nack.run(dueMs, subscription, seq, this.#owner);
  }

  #fetch({ subscription, limit }: Fetch): Fetched {
    const nowMs = Date.now();
    const rows = this.#statements.inLine.all(subscription, nowMs, limit) as unknown as FetchedRow[];
    for (const { seq } of rows) this.#statements.take.run(this.#owner, subscription, seq);
    const next = this.#statements.nextDue.get(subscription)?.['due_ms'];
    return { rows, nextDueMs: next === undefined ? undefined : Number(next) };
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

const SQL = {
  lastTime: 'select time_ms from messages where topic = ? order by seq desc limit 1',
  insert: 'insert into messages (topic, key, value, properties, time_ms, due_ms) values (?, ?, ?, ?, ?, ?)',
  enqueue:
    'insert into pending (subscription, seq, due_ms, owner) select id, ?, ?, null from subscriptions where topic = ?',
  ack: 'delete from pending where subscription = ? and seq = ? and owner = ?',
  nack: 'update pending set owner = null, due_ms = ? where subscription = ? and seq = ? and owner = ?',
  inLine: `select p.seq as seq, m.key as key, m.value as value, m.properties as properties, m.time_ms as timeMs
    from pending p join messages m on m.seq = p.seq
    where p.subscription = ? and p.owner is null and p.due_ms <= ? order by p.due_ms, p.seq limit ?`,
  take: 'update pending set owner = ? where subscription = ? and seq = ?',
  nextDue: 'select due_ms from pending where subscription = ? and owner is null order by due_ms, seq limit 1',
  beat: `insert into owners (id, pid, beat_ms) values (?, ?, ?)
    on conflict (id) do update set beat_ms = excluded.beat_ms`,
  owners: 'select id, pid, beat_ms from owners',
  free: 'update pending set owner = null where owner = ?',
  forget: 'delete from owners where id = ?',
  trim: `delete from messages where seq in (
      select m.seq from topics t join messages m on m.topic = t.id
      where t.retention_ms is not null and m.time_ms < ? - t.retention_ms
        and not exists (select 1 from pending p where p.seq = m.seq) limit ?)`,
} as const;
type StatementName = keyof typeof SQL;

function prepareAll(database: DatabaseSync): Record<StatementName, StatementSync> {
  const names = Object.keys(SQL) as StatementName[];
  return Object.fromEntries(names.map((name) => [name, database.prepare(SQL[name])])) as Record<
    StatementName,
    StatementSync
  >;
}
