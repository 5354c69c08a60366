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

/** What `from_json` is to make of an entry (`entryOf`) of this table. */
export function entryShape({ columns }: LedgerTable): object {
  return { m: 'VARCHAR', k: 'VARCHAR', p: 'VARCHAR', t: 'BIGINT', v: jsonShape({ row: columns }) };
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
