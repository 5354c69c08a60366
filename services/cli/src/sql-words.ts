import { parseArgs } from 'node:util';

/** What `genfleet sql` was asked. */
export interface SqlWords {
  /** The query, `-` for what comes in on standard input; undefined for a named one. */
  readonly sql: string | undefined;
  readonly named: string | undefined;
  readonly since: string | undefined;
  readonly job: string | undefined;
  readonly format: 'table' | 'json' | 'csv';
  readonly maxRows: number;
  readonly timeoutMs: number;
}

const DEFAULTS = { maxRows: 1_000, timeoutSeconds: 120 };
const MAX = { maxRows: 1_000_000, timeoutSeconds: 86_400 };

const OPTIONS = {
  named: { type: 'string' },
  since: { type: 'string' },
  job: { type: 'string' },
  json: { type: 'boolean' },
  csv: { type: 'boolean' },
  'max-rows': { type: 'string' },
  timeout: { type: 'string' },
} as const;

/** @returns why they are not understood, in place of what they mean. */
export function readSqlWords(words: readonly string[]): SqlWords | string {
  let parsed: ReturnType<typeof parse>;
  try {
    parsed = parse(words);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  const { values, positionals } = parsed;
  const [sql, ...rest] = positionals;
  if (rest.length > 0) return 'one query at a time, in quotes';
  if ((sql === undefined) === (values.named === undefined)) return 'wanted: a query, or --named NAME';
  if (values.named === undefined && (values.since ?? values.job) !== undefined) {
    return '--since and --job are of named queries';
  }
  if (values.json && values.csv) return 'wanted: --json or --csv, not both';
  const maxRows = whole(values['max-rows'], DEFAULTS.maxRows, MAX.maxRows);
  if (maxRows === undefined) return `--max-rows: wanted: a number up to ${MAX.maxRows}`;
  const seconds = whole(values.timeout, DEFAULTS.timeoutSeconds, MAX.timeoutSeconds);
  if (seconds === undefined) return `--timeout: wanted: seconds, up to ${MAX.timeoutSeconds}`;
  const { named, since, job } = values;
  const format = values.json ? 'json' : values.csv ? 'csv' : 'table';
  return { sql, named, since, job, format, maxRows, timeoutMs: seconds * 1_000 };
}

const parse = (words: readonly string[]) =>
  parseArgs({ args: [...words], options: OPTIONS, allowPositionals: true, strict: true });

function whole(text: string | undefined, fallback: number, max: number): number | undefined {
  if (text === undefined) return fallback;
  const number = /^\d{1,9}$/.test(text) ? Number(text) : 0;
  return number >= 1 && number <= max ? number : undefined;
}
