import { FUNCTIONS } from './statements/functions.ts';
import { NAMED } from './statements/named.ts';
import { QUERIES } from './statements/queries.ts';
import type { LedgerStatement } from './statements/statement.ts';
import { TABLES_AND_COLUMNS } from './statements/tables.ts';

/** What every engine that answers for the ledger is held to, over `FIXED_LEDGER`. */
export const STATEMENTS: readonly LedgerStatement[] = [
  ...NAMED,
  ...TABLES_AND_COLUMNS,
  ...FUNCTIONS,
  ...QUERIES,
];
