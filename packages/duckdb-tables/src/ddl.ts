import { type LedgerTable, MESSAGE_COLUMNS, type SqlField, type SqlType } from '@genfleet/ledger';

const SCALARS = {
  varchar: 'VARCHAR',
  integer: 'INTEGER',
  bigint: 'BIGINT',
  double: 'DOUBLE',
  boolean: 'BOOLEAN',
  'timestamp(3)': 'TIMESTAMP',
} as const;

export const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`;
export const literal = (text: string) => `'${text.replaceAll("'", "''")}'`;

function duckType(type: SqlType): string {
  if (typeof type === 'string') return SCALARS[type];
  if ('array' in type) return `${duckType(type.array)}[]`;
  if ('map' in type) return `MAP(VARCHAR, ${duckType(type.map)})`;
  return `STRUCT(${type.row.map(({ name, type: field }) => `${quoted(name)} ${duckType(field)}`).join(', ')})`;
}

/** As `from_json` wants the shape of what it reads. */
function jsonShape(type: SqlType): unknown {
  if (typeof type === 'string' || 'map' in type) return duckType(type);
  if ('array' in type) return [jsonShape(type.array)];
  return Object.fromEntries(type.row.map(({ name, type: field }) => [name, jsonShape(field)]));
}

export function createTable(place: string, { name, columns }: LedgerTable): string {
  const all = [...columns, ...MESSAGE_COLUMNS];
  return `create table ${place}.${quoted(name)} (${all.map(columnOf).join(', ')})`;
}

const columnOf = ({ name, type }: SqlField) => `${quoted(name)} ${duckType(type)}`;

const ENTRY = { m: 'VARCHAR', k: 'VARCHAR', p: 'VARCHAR', t: 'BIGINT' } as const;

/** What `from_json` is to make of an entry (`entryOf`) of this table. */
export function entryShape({ columns }: LedgerTable): object {
  return { ...ENTRY, v: jsonShape({ row: columns }) };
}

/**
 * A query for the entries of a table out of a file with one on each line, none longer than `maxLineBytes`. It gives what
 * `from_json` by `entryShape` gives of each line, and reads it once instead of twice.
 */
export function entriesIn(file: string, { columns }: LedgerTable, maxLineBytes: number): string {
  const types = Object.entries({ ...ENTRY, v: duckType({ row: columns }) });
  const shape = types.map(([name, type]) => `${name}: ${literal(type)}`).join(', ');
  // what is not of its column's type becomes null
  const reading = `format = 'newline_delimited', ignore_errors = true, maximum_object_size = ${maxLineBytes}`;
  return `select each from read_json(${literal(file)}, columns = {${shape}}, ${reading}) as each`;
}

/**
 * A query for the rows of a table, out of one whose column `each` holds entries that were read by `entryShape`. What an
 * event does not have is null, and so is everything of a message that is no event.
 */
export function rowsOf(entries: string): string {
  const values: Readonly<Record<string, string>> = {
    __partition__: '-1',
    __event_time__: 'epoch_ms(each.t)',
    __publish_time__: 'epoch_ms(each.t)',
    __message_id__: 'each.m',
    __key__: 'each.k',
    __properties__: 'each.p',
  };
  const columns = MESSAGE_COLUMNS.map(({ name, type }) => {
    return `cast(${values[name] ?? 'null'} as ${duckType(type)}) as ${quoted(name)}`;
  });
  return `select unnest(each.v), ${columns.join(', ')} from (${entries})`;
}
