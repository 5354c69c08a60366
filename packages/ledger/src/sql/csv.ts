import type { QueryResult, SqlValue } from './sql-ledger.ts';

/** The answer as lines of CSV (RFC 4180) without their ends, names first; arrays, rows and maps as JSON. */
export function* csvLines({ columns, rows }: Pick<QueryResult, 'columns' | 'rows'>): Generator<string> {
  yield columns.map(({ name }) => cell(name)).join(',');
  for (const row of rows) yield row.map((value) => cell(textOf(value))).join(',');
}

/** What a value is shown as: null is nothing, a text is itself. */
export function textOf(value: SqlValue): string {
  if (value === null) return '';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

function cell(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
