import type { SqlValue } from '../../sql/sql-ledger.ts';

/** A query over the fixed ledger, and what every engine answers. */
export interface LedgerStatement {
  readonly name: string;
  readonly sql: string;
  /** In this order: each statement says how its rows are sorted. */
  readonly rows: readonly (readonly SqlValue[])[];
  /** Types of the columns, where they are not left to the engine. */
  readonly types?: readonly string[];
  /** Columns that are not compared: when a message was published is the bus's to say. */
  readonly unless?: readonly string[];
}
