import { entryShape, literal, quoted, rowsOf } from '@genfleet/duckdb-tables';
import { CATALOG, type LedgerTable } from '@genfleet/ledger';

/** Tables that are not written to the file lie here, and are views of the same name there. */
export const MEMORY_SCHEMA = 'memory.transient';

/** Puts messages into their table, out of one text: an array of them in JSON, so that all of it is parsed in the engine. */
export function insertMessages(place: string, table: LedgerTable): string {
  const shape = literal(JSON.stringify([entryShape(table)]));
  return `insert into ${place}.${quoted(table.name)}
    ${rowsOf(`select unnest(from_json($1::varchar, ${shape})) as each`)}`;
}

export const schemaPath = (schemaName: string) => `${CATALOG}.${quoted(schemaName)}`;
