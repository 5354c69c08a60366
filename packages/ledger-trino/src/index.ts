import type { SqlLedger } from '@genfleet/ledger';
import { readTrinoAddress, type TrinoLedgerOptions } from './address.ts';
import { TrinoLedger } from './trino-ledger.ts';

export type { TrinoLedgerOptions } from './address.ts';
export type { ArchiveBeside } from './span.ts';

/**
 * SQL over the topics by Trino, which is asked with the first query and not before.
 * @throws GenfleetError `invalid_configuration`.
 */
export function openTrinoLedger(options: TrinoLedgerOptions): SqlLedger {
  return new TrinoLedger(readTrinoAddress(options), options.archive);
}
