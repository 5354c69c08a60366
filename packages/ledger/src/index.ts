export { firstIdAt } from './id-bytes.ts';
export { openView } from './open-view.ts';
export { openViews, type Views } from './open-views.ts';
export { type PastJob, PastJobs, type PastOptions, type PastPage } from './past-jobs.ts';
export { csvLines, textOf } from './sql/csv.ts';
export { InvalidQuery, positionAt, type SqlPosition, unknownTable } from './sql/invalid-query.ts';
export type { PlacedEvent } from './sql/job-events.ts';
export { publishedFor, textLiteral } from './sql/literals.ts';
export { busMessageIdSql } from './sql/message-id.ts';
export { NAMED_QUERIES, type NamedQuery } from './sql/named-queries.ts';
export {
  type NamedQueryParameters,
  namedQuery,
  type QueryParameter,
  queryParameters,
} from './sql/named-query.ts';
export {
  MAX_RESULT_BYTES,
  MAX_SQL_CHARS,
  type QueryOptions,
  type QueryResult,
  type ResultColumn,
  type SqlLedger,
  type SqlValue,
} from './sql/sql-ledger.ts';
export { type SqlField, type SqlType, sqlTypeOf, typeText } from './sql/sql-type.ts';
export { readStatement, type Statement } from './sql/statement.ts';
export { CATALOG, type LedgerTable, ledgerTables, MESSAGE_COLUMNS, schemaNameOf } from './sql/tables.ts';
export { type SqlToken, sqlTokens } from './sql/tokens.ts';
export type { JobVerdict } from './verify/judge.ts';
export {
  type Progress,
  type Subject,
  type TimeRange,
  type Verified,
  type VerifyOptions,
  verifyLedger,
} from './verify/verify-ledger.ts';
export { VIOLATION_CODES, type Violation, type ViolationCode } from './verify/violation.ts';
export {
  type BuildProgress,
  type Change,
  COUNT_CAP,
  type JobFilter,
  type LocalView,
  type Page,
  type View,
} from './view.ts';
export type { ViewOptions } from './view-options.ts';
