import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { GroupResult, Publishes, TopicToEnsure } from './protocol.ts';
import { createMessageTable, messageTable } from './schema.ts';
import { TopicStatements } from './statements.ts';

/** The topics as the writer sees them. Every method runs inside the caller's transaction. */
export class Topics {
  readonly #database: DatabaseSync;
  readonly #inserts: TopicStatements;
  readonly #ends: StatementSync;
  readonly #end: StatementSync;
  readonly #advance: StatementSync;

  constructor(database: DatabaseSync) {
    this.#database = database;
    this.#inserts = new TopicStatements(
      database,
      (topicId) => `insert into ${messageTable(topicId)} values (?, ?, ?, ?, ?, ?)`,
    );
    this.#ends = database.prepare('select max(last_seq) as seq, max(last_time_ms) as timeMs from topics');
    this.#end = database.prepare('select last_seq as seq from topics where id = ?');
    this.#advance = database.prepare(
      'update topics set last_seq = ?, last_time_ms = ?, published = published + ? where id = ?',
    );
  }

  /** Creates what is missing of the topic and its subscriptions, these at the earliest message. */
  ensure({ name, subscriptions, retentionMs }: TopicToEnsure): void {
    const { id } = this.#database
      .prepare(
        `insert into topics (name, retention_ms) values (?, ?)
         on conflict (name) do update set retention_ms = excluded.retention_ms returning id`,
      )
      .get(name, retentionMs) as { id: number };
    this.#database.exec(createMessageTable(id));
    const create = this.#database.prepare(
      `insert or ignore into subscriptions (topic, name, cursor_seq, passed)
       select t.id, ?, coalesce((select min(seq) - 1 from ${messageTable(id)}), t.last_seq),
         t.published - (select count(*) from ${messageTable(id)})
       from topics t where t.id = ?`,
    );
    for (const subscription of subscriptions) create.run(subscription, id);
  }

  /**
   * Stores the messages in order. The clock may be set back, publish times never go back: not on a topic, and not
   * from one topic to another.
   */
  append({ topics, keys, values, properties, dueMs }: Publishes): Omit<GroupResult, 'fetched'> {
    if (keys.length === 0) return { seqs: [], previous: [], timeMs: 0 };
    const previous: number[] = [];
    const ends = this.#ends.get();
    const timeMs = Math.max(Date.now(), Number(ends?.['timeMs']));
    let last = Number(ends?.['seq']);
    const appended = new Map<number, { seq: number; count: number }>();
    const seqs = topics.map((topicId, index) => {
      const seq = ++last;
      const insert = this.#inserts.of(topicId);
      insert.run(
        seq,
        keys[index] ?? '',
        values[index] ?? '',
        properties[index] ?? null,
        timeMs,
        dueMs[index] ?? 0,
      );
      const before = appended.get(topicId);
      previous.push(before?.seq ?? Number(this.#end.get(topicId)?.['seq']));
      appended.set(topicId, { seq, count: (before?.count ?? 0) + 1 });
      return seq;
    });
    for (const [topicId, { seq, count }] of appended) this.#advance.run(seq, timeMs, count, topicId);
    return { seqs, previous, timeMs };
  }
}
