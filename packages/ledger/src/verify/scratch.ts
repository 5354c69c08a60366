import { DatabaseSync, type StatementSync } from 'node:sqlite';
import {
  EVENT_TYPES,
  type EventType,
  jobIdTimeMs,
  KINDS,
  type Kind,
  type LedgerOrder,
  type Receipt,
} from '@genfleet/job';
import { idBytes, idText } from '../id-bytes.ts';
import type { JobHistory } from './judge.ts';
import type { Told, Trace } from './trace.ts';

const CACHE_KIB = 32_768;
/** Ids of version 7 rise with time, as topics do: each topic is written into the tree from left to right. */
const TABLES = `
  CREATE TABLE event (
    id BLOB NOT NULL, redrive INTEGER NOT NULL, time_ms INTEGER NOT NULL, type INTEGER NOT NULL, message_id TEXT NOT NULL,
    kind INTEGER NOT NULL, is_settled INTEGER NOT NULL, trace TEXT NOT NULL,
    PRIMARY KEY (id, redrive, time_ms, type, message_id)
  ) WITHOUT ROWID;
  CREATE TABLE receipt (
    n INTEGER PRIMARY KEY, id BLOB NOT NULL, kind INTEGER NOT NULL, topic TEXT NOT NULL, message_id TEXT NOT NULL,
    sha256 TEXT NOT NULL, found_sha256 TEXT, found_id TEXT, UNIQUE (topic, message_id, id, sha256)
  );
  CREATE INDEX receipt_id ON receipt (id);
`;

interface ReceiptRow {
  readonly id: Uint8Array;
  readonly kind: number;
  readonly topic: string;
  readonly message_id: string;
  readonly sha256: string;
  readonly found_sha256: string | null;
  readonly found_id: string | null;
}

interface EventRow {
  readonly id: Uint8Array;
  readonly time_ms: number;
  readonly type: number;
  readonly message_id: string;
  readonly kind: number;
  readonly is_settled: number;
  readonly trace: string;
}

/** A job with what was found of it, and which part of time was read. */
export type ReadHistory = Omit<JobHistory, 'isWhole'>;

/**
 * What was read, sorted by job: a private SQLite file that the system removes with the process, however it ends. Its
 * pages beyond the cache are on the disk, so memory does not grow with the ledger. Statements are short; nothing here
 * serves anybody else meanwhile.
 */
export class Scratch {
  readonly #db: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  /** When the oldest job of the receipts was made, in Unix ms; undefined where an id doesn't tell. */
  oldestMs: number | undefined = Number.POSITIVE_INFINITY;

  constructor() {
    this.#db = new DatabaseSync('');
    this.#db.exec(`PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -${CACHE_KIB}`);
    this.#db.exec(`BEGIN; ${TABLES}`);
  }

  /** The same receipt twice counts once. */
  addReceipt({ id, kind, topic, message_id, sha256 }: Receipt): void {
    const sql = 'INSERT OR IGNORE INTO receipt (id, kind, topic, message_id, sha256) VALUES (?, ?, ?, ?, ?)';
    this.#prepared(sql).run(idBytes(id), KINDS.indexOf(kind), topic, message_id, sha256);
    const madeMs = jobIdTimeMs(id);
    this.oldestMs =
      madeMs === undefined || this.oldestMs === undefined ? undefined : Math.min(this.oldestMs, madeMs);
  }

  receiptCount(): number {
    return Number(this.#prepared('SELECT count(*) AS n FROM receipt').get()?.['n']);
  }

  /** Kinds of the receipts, if any. */
  kinds(): readonly Kind[] {
    const rows = this.#prepared('SELECT DISTINCT kind FROM receipt').all();
    return rows.flatMap((row) => KINDS[Number(row['kind'])] ?? []);
  }

  hasReceiptAt(topic: string, messageId: string): boolean {
    const sql = 'SELECT 1 FROM receipt WHERE topic = ? AND message_id = ? LIMIT 1';
    return this.#prepared(sql).get(topic, messageId) !== undefined;
  }

  hasReceiptOf(id: string): boolean {
    return this.#prepared('SELECT 1 FROM receipt WHERE id = ? LIMIT 1').get(idBytes(id)) !== undefined;
  }

  markFound(topic: string, messageId: string, sha256: string, id: string): void {
    const sql = 'UPDATE receipt SET found_sha256 = ?, found_id = ? WHERE topic = ? AND message_id = ?';
    this.#prepared(sql).run(sha256, id, topic, messageId);
  }

  addEvent(id: string, kind: Kind, { trace, order, isSettled }: Told): void {
    const sql = 'INSERT OR IGNORE INTO event VALUES (?, ?, ?, ?, ?, ?, ?, ?)';
    const place = [order.timeMs, EVENT_TYPES.indexOf(order.type), order.messageId] as const;
    const rest = [KINDS.indexOf(kind), isSettled ? 1 : 0, JSON.stringify(trace)] as const;
    this.#prepared(sql).run(idBytes(id), trace.redrive, ...place, ...rest);
  }

  /** Every job of which something was read or that has a receipt, oldest first but for those without any event. */
  *jobs(): Generator<ReadHistory> {
    const hasReceipts = this.receiptCount() > 0;
    let rows: EventRow[] = [];
    // the primary key's order, so nothing is sorted
    const all = this.#db.prepare('SELECT * FROM event ORDER BY id, redrive, time_ms, type, message_id');
    for (const each of all.iterate()) {
      const row = each as unknown as EventRow;
      if (rows[0] && !isSameId(rows[0].id, row.id)) {
        yield this.#history(rows, hasReceipts);
        rows = [];
      }
      rows.push(row);
    }
    if (rows.length > 0) yield this.#history(rows, hasReceipts);
    if (hasReceipts) yield* this.#unheardOf();
  }

  close(): void {
    this.#statements.clear();
    this.#db.close();
  }

  *#unheardOf(): Generator<ReadHistory> {
    const ids = this.#db.prepare(
      'SELECT DISTINCT id, kind FROM receipt r WHERE NOT EXISTS (SELECT 1 FROM event e WHERE e.id = r.id)',
    );
    for (const each of ids.iterate()) {
      const { id, kind } = each as unknown as Pick<ReceiptRow, 'id' | 'kind'>;
      yield { id: idText(id), kind: kindOf(kind), events: [], receipts: this.#receiptsOf(id) };
    }
  }

  #history(rows: readonly EventRow[], hasReceipts: boolean): ReadHistory {
    const [first] = rows;
    if (!first) throw new TypeError('a job without events');
    const receipts = hasReceipts ? this.#receiptsOf(first.id) : [];
    return { id: idText(first.id), kind: kindOf(first.kind), events: rows.map(toldOf), receipts };
  }

  #receiptsOf(id: Uint8Array): JobHistory['receipts'] {
    const rows = this.#prepared('SELECT * FROM receipt WHERE id = ? ORDER BY n').all(id);
    return (rows as unknown as ReceiptRow[]).map((row) => {
      const { kind, topic, message_id, sha256, found_sha256, found_id } = row;
      return {
        receipt: { id: idText(row.id), kind: kindOf(kind), topic, message_id, sha256 },
        found: found_sha256 === null ? undefined : { sha256: found_sha256, id: found_id ?? '' },
      };
    });
  }

  #prepared(sql: string): StatementSync {
    const known = this.#statements.get(sql);
    if (known) return known;
    const statement = this.#db.prepare(sql);
    this.#statements.set(sql, statement);
    return statement;
  }
}

function toldOf(row: EventRow): Told {
  const type = EVENT_TYPES[row.type] as EventType;
  const order: LedgerOrder = { timeMs: row.time_ms, type, messageId: row.message_id };
  return { trace: JSON.parse(row.trace) as Trace, order, isSettled: row.is_settled === 1 };
}

function kindOf(index: number): Kind {
  const kind = KINDS[index];
  if (!kind) throw new TypeError(`no kind ${index}`);
  return kind;
}

function isSameId(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}
