import { type QueryResult, type SqlValue, textOf } from '@genfleet/ledger';

/** A wider cell is cut: a table is for reading, `--json` and `--csv` hold everything. */
const MAX_WIDTH = 60;
const NUMBERS = new Set(['integer', 'bigint', 'double', 'real', 'smallint', 'tinyint']);

/** The answer as lines of a table: names, a rule, rows; numbers to the right. */
export function* tableLines({ columns, rows }: Pick<QueryResult, 'columns' | 'rows'>): Generator<string> {
  const cells = rows.map((row) => row.map(shown));
  const names = columns.map(({ name }) => clean(name));
  const widths = names.map((name, index) =>
    cells.reduce((widest, row) => Math.max(widest, (row[index] ?? '').length), name.length),
  );
  const isNumber = columns.map(({ type }) => NUMBERS.has(type) || type.startsWith('decimal'));
  const line = (texts: readonly string[]) =>
    texts
      .map((text, index) =>
        isNumber[index] ? text.padStart(widths[index] ?? 0) : text.padEnd(widths[index] ?? 0),
      )
      .join('  ')
      .trimEnd();
  yield line(names);
  yield widths.map((width) => '─'.repeat(width)).join('  ');
  for (const row of cells) yield line(row);
}

/** `1,234 rows in 0.12 s`, and whether there were more. */
export function footer({ rows, truncated, elapsedMs }: QueryResult): string {
  const count = `${rows.length.toLocaleString('en')} row${rows.length === 1 ? '' : 's'}`;
  const more = truncated ? '; there are more, see --max-rows' : '';
  return `${count} in ${(elapsedMs / 1_000).toFixed(2)} s${more}`;
}

function shown(value: SqlValue): string {
  if (value === null) return '∅';
  const text = clean(textOf(value));
  return text.length > MAX_WIDTH ? `${text.slice(0, MAX_WIDTH - 1)}…` : text;
}

/** What a client wrote must not steer the terminal. */
function clean(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}]+/gu, ' ');
}
