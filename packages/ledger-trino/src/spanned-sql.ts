import { hoursBefore } from '@genfleet/archive';
import {
  busMessageIdSql,
  type LedgerTable,
  ledgerTables,
  MESSAGE_COLUMNS,
  publishedFor,
  type SqlToken,
  type Statement,
  textLiteral,
} from '@genfleet/ledger';
import { nameOf, type Question } from './publish-time.ts';

/** Where a topic's rows come from: each from one of two places, by a message id in the bus's own text. */
export type Seam =
  /** From the archive up to this message, from the topic behind it; that was published from `behindMs` on. */
  | { readonly archivedTo: string; readonly behindMs: number }
  /** From the topic from this message on, as far as it goes back. */
  | { readonly heldFrom: string };

export interface Spanned {
  readonly table: LedgerTable;
  /** Undefined where nothing is archived. */
  readonly seam: Seam | undefined;
}

/** Where a Trino has what it reads. */
export interface Places {
  /** Catalog and schema of the topics. */
  readonly catalog: string;
  readonly schema: string;
  readonly archiveCatalog: string;
  /** Of the archive, as the tables there have it: `s3://bucket/prefix`. */
  readonly location: string;
}

const FIRST_WORDS = new Set(['select', 'with', 'values', 'table']);

/** Where the query begins, which has `explain` and its options before it or nothing; −1 for what is no query. */
function queryStart(tokens: readonly SqlToken[]): number {
  const isExplained = tokens[0]?.text.toLowerCase() === 'explain';
  let start = tokens.findIndex(({ type, text }) => type === 'word' && FIRST_WORDS.has(text.toLowerCase()));
  while (tokens[start - 1]?.text === '(') start -= 1;
  return isExplained || start === 0 ? start : -1;
}

/** Tables of the ledger that the query may read, by their names alone. */
export function tablesIn({ tokens }: Statement): readonly LedgerTable[] {
  if (queryStart(tokens) < 0) return [];
  const names = new Set(tokens.map((token) => nameOf(token)?.toLowerCase()));
  return ledgerTables().filter(({ name }) => names.has(name));
}

/**
 * The query with both places of each table. Before it stand `with` queries of the tables' own names, so that it finds them
 * where it would find the topics; what it says itself keeps its line and column behind `linesBefore`.
 * @param fromMs what of each table's archive is wanted, by the time of publishing; all where it has none.
 */
export function spannedSql(
  statement: Statement,
  spanned: readonly Spanned[],
  places: Places,
  fromMs: ReadonlyMap<string, number> = new Map(),
): Question {
  const both = spanned.filter(({ seam }) => seam !== undefined);
  if (both.length === 0) return { sql: statement.sql, linesBefore: 0 };
  const { tokens } = statement;
  const start = queryStart(tokens);
  let body = start;
  let words = 'with';
  if (tokens[body]?.text.toLowerCase() === 'with') {
    body += 1;
    if (tokens[body]?.text.toLowerCase() === 'recursive') {
      words += ' recursive';
      body += 1;
    }
  }
  const named = both.map(
    ({ table, seam }) => `${table.name} as (${rowsOf(table, seam as Seam, places, fromMs)})`,
  );
  const head = tokens.slice(0, start).map(({ text }) => text);
  const prefix = `${[...head, words].join(' ')} ${named.join(', ')}${body > start ? ',' : ''}`;
  const at = tokens[body]?.offset ?? 0;
  const own = unqualified(statement, both, places);
  return { sql: `${prefix}\n${blank(own.slice(0, at))}${own.slice(at)}`, linesBefore: 1 };
}

const blank = (text: string) => text.replace(/[^\n]/g, ' ');

/** Whoever names catalog and schema of the topics means the same table. */
function unqualified(
  { sql, tokens }: Statement,
  spanned: readonly Spanned[],
  { catalog, schema }: Places,
): string {
  const names = new Set(spanned.map(({ table }) => table.name));
  const lower = tokens.map((token) => nameOf(token)?.toLowerCase());
  const isBefore = (index: number, name: string) =>
    tokens[index]?.text === '.' && lower[index - 1] === name.toLowerCase();
  let text = sql;
  for (const [index, { offset }] of tokens.entries()) {
    if (!names.has(lower[index] ?? '') || !isBefore(index - 1, schema)) continue;
    const hasCatalog = tokens[index - 3]?.text === '.';
    if (hasCatalog && !isBefore(index - 3, catalog)) continue;
    const from = tokens[hasCatalog ? index - 4 : index - 2]?.offset ?? offset;
    text = text.slice(0, from) + blank(text.slice(from, offset)) + text.slice(offset);
  }
  return text;
}

function rowsOf(
  { name, columns }: LedgerTable,
  seam: Seam,
  { catalog, schema, archiveCatalog, location }: Places,
  fromMs: ReadonlyMap<string, number>,
): string {
  const names = [...columns, ...MESSAGE_COLUMNS].map((column) => `"${column.name}"`);
  const id = busMessageIdSql('__message_id__');
  // the id in the archive's form, which sorts
  const live = names.map((column) => (column === '"__message_id__"' ? `${id} as __message_id__` : column));
  const table = `"${schema.replaceAll('"', '""')}".${name}`;
  const wantedMs = fromMs.get(name);
  const hours = wantedMs === undefined ? [] : [ofHoursFrom(name, wantedMs, location)];
  const [archived, held] =
    'archivedTo' in seam
      ? [
          `__message_id__ <= ${textLiteral(seam.archivedTo)}`,
          `${id} > ${textLiteral(seam.archivedTo)} and ${publishedFor(seam.behindMs)}`,
        ]
      : [`__message_id__ < ${textLiteral(seam.heldFrom)}`, `${id} >= ${textLiteral(seam.heldFrom)}`];
  return (
    `select ${names.join(', ')} from ${archiveCatalog}.${table} where ${[archived, ...hours].join(' and ')} ` +
    `union all select ${live.join(', ')} from ${catalog}.${table} where ${held}`
  );
}

/**
 * What lets Hive's connector leave out files of earlier hours unopened: by their names alone. Written so that names of
 * another form, should Trino have the archive by another address, are none of those which are left out.
 */
function ofHoursFrom(table: string, fromMs: number, location: string): string {
  const [from, to] = hoursBefore(table, fromMs).map((key) => textLiteral(`${location}/${key}`));
  return `("$path" < ${from} or "$path" >= ${to})`;
}
