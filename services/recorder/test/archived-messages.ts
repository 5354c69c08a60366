import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import type { ObjectStore } from '@genfleet/artifacts';

/** Message ids in all Parquet files of a topic, as often as they are there, sorted: what stands in the bucket. */
export async function archivedMessages(objects: ObjectStore, topic: string): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'genfleet-read-'));
  const duckdb = await DuckDBInstance.create(':memory:', { threads: '1' });
  const connection = await duckdb.connect();
  try {
    let files = 0;
    for await (const { key } of objects.list(topic)) {
      if (!key.endsWith('.parquet')) continue;
      files += 1;
      writeFileSync(join(folder, `${files}.parquet`), await objects.get(key));
    }
    if (files === 0) return [];
    const sql = `select "__message_id__" from read_parquet('${folder}/*.parquet') order by 1`;
    return (await connection.runAndReadAll(sql)).getRows().map(([id]) => String(id));
  } finally {
    connection.closeSync();
    duckdb.closeSync();
    rmSync(folder, { recursive: true, force: true });
  }
}
