import { CATALOG, type LedgerTable, MESSAGE_COLUMNS, type SqlField, type SqlType } from '@genfleet/ledger';

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

/** Tables that are not written to the file lie here, and are views of the same name there. */
export const MEMORY_SCHEMA = 'memory.transient';

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

/**
 * Puts messages into their table, out of one text: an array of them in JSON, so that all of it is parsed in the engine.
 * What an event does not have is null, and so is everything of a message that is no event.
 */
export function insertMessages(place: string, { name, columns }: LedgerTable): string {
  const shape = [{ m: 'VARCHAR', k: 'VARCHAR', p: 'VARCHAR', t: 'BIGINT', v: jsonShape({ row: columns }) }];
  return `insert into ${place}.${quoted(name)}
    select unnest(each.v), -1, epoch_ms(each.t), epoch_ms(each.t), each.m, null, null, each.k, each.p
    from (select unnest(from_json($1::varchar, ${literal(JSON.stringify(shape))})) as each)`;
}

export const schemaPath = (schemaName: string) => `${CATALOG}.${quoted(schemaName)}`;
