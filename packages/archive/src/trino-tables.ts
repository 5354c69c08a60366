import type { ObjectStore } from '@genfleet/artifacts';
import { CATALOG, ledgerTables, MESSAGE_COLUMNS, typeText } from '@genfleet/ledger';

/**
 * Statements that make the archive the tables of the ledger on a Trino with the Hive connector and
 * `hive.recursive-directories=true`: a file is seen by the first query after it was put, without a partition that somebody
 * has to announce.
 * @param location of the archive, `s3://bucket/prefix`.
 * @param catalog of the connector: that of the ledger where the archive is all that this Trino reads.
 */
export function trinoTables(schemaName: string, location: string, catalog = CATALOG): readonly string[] {
  const schema = `${catalog}."${schemaName}"`;
  const tables = ledgerTables().map(({ name, columns }) => {
    const lines = [...columns, ...MESSAGE_COLUMNS].map(
      (column) => `  "${column.name}" ${typeText(column.type)}`,
    );
    const from = `external_location = '${location.replace(/\/$/, '')}/${name}', format = 'PARQUET'`;
    return `create table if not exists ${schema}.${name} (\n${lines.join(',\n')}\n) with (${from})`;
  });
  return [`create schema if not exists ${schema}`, ...tables];
}

/** Hidden from what reads the folders as tables. */
const PLACEHOLDER = '_folder';

/** Makes the folder of each table be there: Trino 368 creates no table over one without anything in it. */
export async function makeFolders(objects: ObjectStore): Promise<void> {
  await Promise.all(
    ledgerTables().map(({ name }) => objects.putIfAbsent(`${name}/${PLACEHOLDER}`, Buffer.from('\n'))),
  );
}
