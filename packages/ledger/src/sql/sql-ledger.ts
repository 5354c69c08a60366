/** A value as JSON has it; see `QueryResult`. */
export type SqlValue =
  | null
  | boolean
  | number
  | string
  | readonly SqlValue[]
  | { readonly [name: string]: SqlValue };

export interface QueryOptions {
  /** Rows of the answer at most. What is beyond them is left out, and `truncated` says so. */
  readonly maxRows: number;
  /** From the call to the last row, the time to read what was published before included. */
  readonly timeoutMs: number;
  /** Ends the query at once, in the engine as well. */
  readonly signal: AbortSignal;
}

export interface ResultColumn {
  readonly name: string;
  /** As Trino writes types, without lengths and precisions that a literal happens to have: see `typeText`. */
  readonly type: string;
}

/**
 * The same on every engine. Whole numbers and decimals are numbers where a double holds them exactly and text
 * otherwise, as are `NaN` and `Infinity`; times are ISO 8601 in UTC, `2026-03-01T12:00:00.000Z`, without the `Z` for a
 * `timestamp`, which has no time zone; arrays are arrays; rows and maps are objects.
 */
export interface QueryResult {
  readonly columns: readonly ResultColumn[];
  /** Values in the order of the columns, whose names may repeat. */
  readonly rows: readonly (readonly SqlValue[])[];
  /** There was more than `maxRows`, or more than an engine hands out at once (32 MiB). */
  readonly truncated: boolean;
  readonly elapsedMs: number;
}

/**
 * SQL over the topics: tables and columns are those of `ledgerTables`, in the catalog `pulsar` and the schema
 * `"<tenant>/<namespace>"`, which are also where a name without them is looked up. Read-only. An answer holds everything
 * that was published before the question, exactly.
 *
 * The language is Trino's. What an engine other than Trino cannot do of it is told in docs/ledger.md, and a statement
 * that runs on one and not on the other is no reason to add a second language: see `STATEMENTS` of the contract.
 */
export interface SqlLedger {
  /**
   * @throws GenfleetError `invalid_query` (an `InvalidQuery`, with its place in the text) for whatever the asker can
   * mend, `query_timeout`, `cancelled` by the signal, `closed`; `ledger_failed` and what the bus throws when one of
   * them is away.
   */
  query(sql: string, options: QueryOptions): Promise<QueryResult>;
  /** Ends all queries with `closed`. May be called again. */
  close(): Promise<void>;
}

/** What an engine hands out at most for one query, in about bytes. */
export const MAX_RESULT_BYTES = 32 * 1_024 * 1_024;
/** A query of a megabyte is no question any more. */
export const MAX_SQL_CHARS = 100_000;
