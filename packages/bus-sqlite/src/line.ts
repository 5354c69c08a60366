import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { Fetch, Fetched, HandedRow, MessageRow } from './protocol.ts';
import { messageTable } from './schema.ts';
import { TopicStatements } from './statements.ts';

/** Messages looked at in one fetch: those not yet due are set aside, and the next fetch goes on behind them. */
const SCAN = 1_000;
/** A fetch ends with the message that goes beyond this, so that memory and the transaction stay small. */
const FETCH_CHARS = 4 * 1_024 * 1_024;

interface LineRow extends MessageRow {
  /** Its own: before that it is handed out to nobody. */
  readonly dueMs: number;
}

/** What is in line for the subscriptions. Every method runs inside the caller's transaction. */
export class Line {
  readonly #one: TopicStatements;
  readonly #fresh: TopicStatements;
  readonly #statements: Record<StatementName, StatementSync>;

  constructor(database: DatabaseSync) {
    const columns = 'seq, key, value, properties, time_ms as timeMs, due_ms as dueMs';
    this.#one = new TopicStatements(
      database,
      (topicId) => `select ${columns} from ${messageTable(topicId)} where seq = ?`,
    );
    this.#fresh = new TopicStatements(
      database,
      (topicId) => `select ${columns} from ${messageTable(topicId)} where seq > ? order by seq limit ${SCAN}`,
    );
    const names = Object.keys(SQL) as StatementName[];
    this.#statements = Object.fromEntries(names.map((name) => [name, database.prepare(SQL[name])])) as Record<
      StatementName,
      StatementSync
    >;
  }

  /** Hands messages to the owner: first what came back and is due, then the next behind the cursor. */
  fetch({ topic, subscription, limit }: Fetch, owner: number): Fetched {
    if (limit === 0) return { rows: [], more: false, nextDueMs: undefined };
    const nowMs = Date.now();
    const rows: HandedRow[] = [];
    let chars = 0;
    const keep = (row: MessageRow, redelivered: boolean) => {
      rows.push({ ...row, redelivered });
      chars += row.value.length;
    };
    for (const { seq, dueMs: pendingMs } of this.#statements.due.all(subscription, nowMs, limit)) {
      if (chars > FETCH_CHARS) return { rows, more: true, nextDueMs: undefined };
      const found = this.#one.of(topic).get(Number(seq)) as unknown as LineRow | undefined;
      if (!found) continue;
      const { dueMs, ...row } = found;
      this.#statements.take.run(owner, subscription, row.seq);
      // what waits for its own time has not been handed out
      keep(row, dueMs === 0 || dueMs !== Number(pendingMs));
    }
    const cursor = Number(this.#statements.cursor.get(subscription)?.['seq']);
    let reached = cursor;
    let passed = 0;
    let more = false;
    for (const each of this.#fresh.of(topic).iterate(cursor)) {
      const { dueMs, ...row } = each as unknown as LineRow;
      more = rows.length >= limit || chars > FETCH_CHARS;
      if (more) break;
      reached = row.seq;
      passed += 1;
      const isDue = dueMs <= nowMs;
      this.#statements.add.run(subscription, row.seq, isDue ? 0 : dueMs, isDue ? owner : null);
      if (isDue) keep(row, false);
    }
    if (passed > 0) this.#statements.pass.run(reached, passed, subscription);
    const nextDueMs = this.#statements.nextDue.get(subscription)?.['dueMs'];
    return {
      rows,
      more: more || passed === SCAN,
      nextDueMs: nextDueMs === undefined ? undefined : Number(nextDueMs),
    };
  }

  /** Whoever says that a message is done is right, also if it was taken from him while he worked. */
  ack(subscription: number, seq: number): void {
    this.#statements.ack.run(subscription, seq);
  }

  /** Back in line at `dueMs`, unless somebody else holds it by now. */
  nack(subscription: number, seq: number, dueMs: number, owner: number): void {
    this.#statements.nack.run(dueMs, subscription, seq, owner);
  }

  /** What the owner holds goes to the front of the line. @returns whether there was anything. */
  release(owner: number): boolean {
    return Number(this.#statements.release.run(owner).changes) > 0;
  }
}

const SQL = {
  cursor: 'select cursor_seq as seq from subscriptions where id = ?',
  pass: 'update subscriptions set cursor_seq = ?, passed = passed + ? where id = ?',
  due: `select seq, due_ms as dueMs from pending where subscription = ? and owner is null and due_ms <= ?
    order by due_ms, seq limit ?`,
  nextDue:
    'select due_ms as dueMs from pending where subscription = ? and owner is null order by due_ms limit 1',
  take: 'update pending set owner = ? where subscription = ? and seq = ?',
  add: 'insert into pending (subscription, seq, due_ms, owner) values (?, ?, ?, ?)',
  ack: 'delete from pending where subscription = ? and seq = ?',
  nack: 'update pending set owner = null, due_ms = ? where subscription = ? and seq = ? and owner = ?',
  release: 'update pending set owner = null, due_ms = 0 where owner = ?',
} as const;
type StatementName = keyof typeof SQL;
