import { InvalidQuery, positionAt, type Statement } from '@genfleet/ledger';

/** Settings that make DuckDB read SQL as Trino does. */
export const DIALECT_SETTINGS = [
  'set global integer_division = true',
  // `x -> x + 1`, which DuckDB is about to give up for another spelling
  "set global lambda_syntax = 'ENABLE_SINGLE_ARROW'",
  "set global TimeZone = 'UTC'",
  "set global default_null_order = 'nulls_last'",
] as const;

/** Signs of Joda-Time's patterns (`format_datetime`) and what strftime has for them; longer ones first. */
const JODA = [
  ['yyyy', '%Y'],
  ['MMMM', '%B'],
  ['MMM', '%b'],
  ['EEEE', '%A'],
  ['EEE', '%a'],
  ['SSS', '%g'],
  ['MM', '%m'],
  ['dd', '%d'],
  ['HH', '%H'],
  ['hh', '%I'],
  ['mm', '%M'],
  ['ss', '%S'],
  ['yy', '%y'],
  ['M', '%-m'],
  ['d', '%-d'],
  ['H', '%-H'],
  ['h', '%-I'],
  ['m', '%-M'],
  ['s', '%-S'],
  ['a', '%p'],
] as const;

/** MySQL's, of `date_format`, where they differ from strftime's. */
const MYSQL = [
  ['%i', '%M'],
  ['%s', '%S'],
  ['%T', '%H:%M:%S'],
  ['%h', '%I'],
  ['%f', '%f'],
  ['%e', '%-d'],
  ['%c', '%-m'],
  ['%k', '%-H'],
  ['%W', '%A'],
] as const;

/** Replaces signs one after the other without reading a replacement again: each becomes a private character first. */
function replacing(column: string, pairs: readonly (readonly [string, string])[]): string {
  const mark = (index: number) => `chr(${0xe000 + index})`;
  const marked = pairs.reduce((text, [from], index) => `replace(${text}, '${from}', ${mark(index)})`, column);
  return pairs.reduce((text, [, to], index) => `replace(${text}, ${mark(index)}, '${to}')`, marked);
}

/** `date_add` of Trino: so many units, also fewer than none. */
const UNITS = ['millisecond', 'second', 'minute', 'hour', 'day', 'week', 'month', 'quarter', 'year'];
const interval = UNITS.map((unit) => `when '${unit}' then interval 1 ${unit}`).join(' ');

/**
 * Functions of Trino that DuckDB lacks or answers otherwise. Of the approximate ones the answer is the exact one, and
 * `approx_percentile` gives the element that Trino's t-digest gives as long as it holds every value for itself.
 */
export const DIALECT_MACROS: readonly string[] = [
  'element_at(x, k) as x[k]',
  // by way of JSON, since an overload for maps is taken for arrays as well where a query is correlated
  `cardinality(x) as cast(coalesce(nullif(json_array_length(to_json(x)), 0), len(json_keys(to_json(x)))) as bigint)`,
  'sequence(a, b) as range(a, b + 1)',
  'array_join(x, d) as array_to_string(x, d)',
  'every(x) as bool_and(x)',
  'approx_distinct(x) as count(distinct x)',
  `approx_percentile(x, p) as
     list_sort(list(x) filter (x is not null))[cast(least(floor(count(x) * cast(p as double)), count(x) - 1) as bigint) + 1]`,
  'map_agg(k, v) as map_from_entries(list(row(k, v)))',
  // DuckDB counts the borders between two times, Trino the whole units
  'date_diff(u, a, b) as date_sub(u, a, b)',
  `date_add(u, n, t) as t + n * case lower(u) ${interval} end`,
  'from_iso8601_timestamp(s) as cast(s as timestamptz)',
  'from_iso8601_date(s) as cast(s as date)',
  "to_iso8601(t) as strftime(t, '%Y-%m-%dT%H:%M:%S.%gZ')",
  'to_unixtime(t) as epoch(t)',
  'from_unixtime(s) as to_timestamp(s)',
  'day_of_week(t) as isodow(t)',
  'day_of_month(t) as day(t)',
  'day_of_year(t) as dayofyear(t)',
  `format_datetime(t, f) as strftime(t, ${replacing("replace(f, '''', '')", JODA)})`,
  `date_format(t, f) as strftime(t, ${replacing('f', MYSQL)})`,
  'json_extract_scalar(j, p) as json_extract_string(j, p)',
  'json_parse(s) as cast(s as json)',
  'json_format(j) as cast(j as varchar)',
  'regexp_like(s, p) as regexp_matches(s, p)',
  // null where one of them is
  'concat(a, b) as a || b, (a, b, c) as a || b || c, (a, b, c, d) as a || b || c || d',
  'greatest(a, b) as case when a is not null and b is not null then system.main.greatest(a, b) end',
  'least(a, b) as case when a is not null and b is not null then system.main.least(a, b) end',
];

/** Functions that do something beside answering, or that tell about the machine. */
const REFUSED = new Set(
  `checkpoint force_checkpoint enable_logging disable_logging truncate_duckdb_logs write_log enable_profiling
   disable_profiling enable_optimizer disable_optimizer set_config getenv getvariable duckdb_secrets which_secret
   glob read_text read_blob read_csv read_csv_auto read_json read_json_auto read_ndjson read_parquet parquet_scan
   sniff_csv nextval currval setseed query query_table`.split(/\s+/),
);

/**
 * The same query for DuckDB, as long as it was, so that places in it stay what they are: `transform`, whose function
 * cannot be handed on by a macro, is DuckDB's `apply`.
 * @throws InvalidQuery for a function that does more than answer.
 */
export function forDuckdb({ sql, tokens }: Statement): string {
  let rewritten = sql;
  for (const [index, { type, text, offset }] of tokens.entries()) {
    const isCall = tokens[index + 1]?.text === '(';
    const name = (type === 'name' ? text.slice(1, -1) : text).toLowerCase();
    if (!isCall || (type !== 'word' && type !== 'name')) continue;
    if (REFUSED.has(name)) {
      throw new InvalidQuery(`The ledger is read-only: ${name} is not allowed.`, positionAt(sql, offset));
    }
    if (type === 'word' && name === 'transform') {
      const end = offset + text.length;
      rewritten = `${rewritten.slice(0, offset)}${'apply'.padEnd(text.length)}${rewritten.slice(end)}`;
    }
  }
  return rewritten;
}
