import type { SqlLedger } from '@genfleet/ledger';
import { DuckdbLedger, type DuckdbLedgerOptions } from './duckdb-ledger.ts';

export type { DuckdbLedgerOptions } from './duckdb-ledger.ts';

/** A ledger that starts nothing and loads nothing before its first query. */
export function openDuckdbLedger(options: DuckdbLedgerOptions): SqlLedger {
  return new DuckdbLedger(options);
}
