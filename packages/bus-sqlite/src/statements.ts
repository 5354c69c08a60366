import type { DatabaseSync, StatementSync } from 'node:sqlite';

/** Statements of one text per topic, prepared at first use. */
export class TopicStatements {
  readonly #database: DatabaseSync;
  readonly #sql: (topicId: number) => string;
  readonly #prepared = new Map<number, StatementSync>();

  constructor(database: DatabaseSync, sql: (topicId: number) => string) {
    this.#database = database;
    this.#sql = sql;
  }

  of(topicId: number): StatementSync {
    let statement = this.#prepared.get(topicId);
    if (!statement) {
      statement = this.#database.prepare(this.#sql(topicId));
      this.#prepared.set(topicId, statement);
    }
    return statement;
  }
}
