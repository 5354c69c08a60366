import type { DatabaseSync } from 'node:sqlite';
import { messageTable } from './schema.ts';

/** Rows taken away in one transaction, of one topic. */
const ROWS = 500;

/** Takes away what is older than its topic's retention and acknowledged by all its subscriptions. */
export class Retention {
  readonly #database: DatabaseSync;

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  /** Topics that have something to trim now. */
  overdue(nowMs: number): readonly number[] {
    const finite = this.#database
      .prepare('select id, retention_ms as retentionMs from topics where retention_ms is not null')
      .all();
    const ids: number[] = [];
    for (const topic of finite) {
      const id = Number(topic['id']);
      const oldest = this.#oldest(id);
      if (!oldest || oldest.timeMs >= nowMs - Number(topic['retentionMs'])) continue;
      if (oldest.seq <= this.#acknowledgedTo(id)) ids.push(id);
    }
    return ids;
  }

  /** Trims a bounded piece off the topic's old end. In a transaction. */
  trim(topicId: number, nowMs: number): void {
    const table = messageTable(topicId);
    this.#database
      .prepare(
        `delete from ${table} where seq in (
           select seq from (select seq, time_ms from ${table} order by seq limit ${ROWS})
           where seq <= ? and time_ms < ? - (select retention_ms from topics where id = ?))`,
      )
      .run(this.#acknowledgedTo(topicId), nowMs, topicId);
  }

  #oldest(topicId: number): { seq: number; timeMs: number } | undefined {
    const row = this.#database
      .prepare(`select seq, time_ms from ${messageTable(topicId)} order by seq limit 1`)
      .get();
    return row && { seq: Number(row['seq']), timeMs: Number(row['time_ms']) };
  }

  /** The last message up to which no subscription has anything open. */
  #acknowledgedTo(topicId: number): number {
    const row = this.#database
      .prepare(
        `select min(min(s.cursor_seq,
           coalesce((select p.seq - 1 from pending p where p.subscription = s.id order by p.seq limit 1),
             s.cursor_seq))) as seq
         from subscriptions s where s.topic = ?`,
      )
      .get(topicId);
    return typeof row?.['seq'] === 'number' ? row['seq'] : Number.MAX_SAFE_INTEGER;
  }
}
