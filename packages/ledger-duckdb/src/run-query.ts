import type { DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { StatementType } from '@duckdb/node-api';
import { literal } from '@genfleet/duckdb-tables';
import { MAX_RESULT_BYTES, type ResultColumn, type SqlValue } from '@genfleet/ledger';
import { faultOf } from './faults.ts';
import type { Fault } from './protocol.ts';
import { typeName, Values } from './values.ts';

const QUERIES: readonly StatementType[] = [StatementType.SELECT, StatementType.EXPLAIN];

interface Answer {
  readonly columns: ResultColumn[];
  readonly truncated: boolean;
}

/** One query on a connection of its own, inside a transaction that DuckDB itself holds to be read-only. */
export class RunningQuery {
  #connection: DuckDBConnection | undefined;
  #cancelled = false;

  /** May come at any moment, also before the query has begun. */
  cancel(): void {
    this.#cancelled = true;
    this.#connection?.interrupt();
  }

  /** Hands on the rows as they come. @returns the fault instead of throwing it. */
  async run(
    { instance, searchPath }: { instance: DuckDBInstance; searchPath: string },
    { sql, maxRows }: { sql: string; maxRows: number },
    onRows: (rows: SqlValue[][]) => void,
  ): Promise<Answer | Fault> {
    const connection = await instance.connect();
    this.#connection = connection;
    try {
      await connection.run(`set search_path = ${literal(searchPath)}`);
      await connection.run('begin transaction read only');
      if (this.#cancelled) return { kind: 'cancelled', message: 'the query was cancelled' };
      return await this.#answer(connection, sql, maxRows, onRows);
    } catch (error) {
      return this.#cancelled
        ? { kind: 'cancelled', message: 'the query was cancelled' }
        : faultOf(error, sql);
    } finally {
      this.#connection = undefined;
      await connection.run('rollback').catch(() => undefined);
      connection.closeSync();
    }
  }

  async #answer(
    connection: DuckDBConnection,
    sql: string,
    maxRows: number,
    onRows: (rows: SqlValue[][]) => void,
  ): Promise<Answer | Fault> {
    const statements = await connection.extractStatements(sql);
    if (statements.count !== 1) return { kind: 'invalid', message: 'One query at a time, and nothing else.' };
    const statement = await statements.prepare(0);
    if (!QUERIES.includes(statement.statementType)) {
      return { kind: 'invalid', message: 'The ledger is read-only: this is no query.' };
    }
    const result = await statement.stream();
    const names = result.columnNames();
    const columns = result
      .columnTypes()
      .map((type, index) => ({ name: names[index] ?? '', type: typeName(type) }));
    const values = new Values();
    let left = maxRows;
    for (;;) {
      const chunk = await result.fetchChunk();
      if (!chunk || chunk.rowCount === 0) return { columns, truncated: false };
      const vectors = names.map((_, index) => chunk.getColumnVector(index));
      const rows: SqlValue[][] = [];
      let isFull = false;
      for (let place = 0; place < chunk.rowCount && !isFull; place++) {
        const row =
          rows.length < left ? vectors.map((vector) => values.of(vector.getItem(place))) : undefined;
        isFull = row === undefined || values.bytes > MAX_RESULT_BYTES;
        if (row && !isFull) rows.push(row);
      }
      onRows(rows);
      if (isFull) return { columns, truncated: true };
      left -= rows.length;
    }
  }
}
