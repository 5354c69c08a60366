import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { type ArchivedMessage, archivedValue, type SegmentWriter } from '@genfleet/archive';
import { createTable, literal } from '@genfleet/duckdb-tables';
import { encodeEvent } from '@genfleet/job';
import { type LedgerTable, ledgerTables } from '@genfleet/ledger';
import { FIXED_LEDGER } from '@genfleet/ledger/contract';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openParquetWriter } from './parquet-writer.ts';

const directory = mkdtempSync(join(tmpdir(), 'genfleet-parquet-'));
const BAD_VALUES = ['null', '7', '"x"', '[]', '{"id":{"no":1},"attempt":"x","settings":[]}'];

function messagesOf({ name }: LedgerTable): ArchivedMessage[] {
  const values = FIXED_LEDGER.filter(({ topic }) => topic.name === name).map(({ event }) =>
    encodeEvent(event),
  );
  return [...values, ...BAD_VALUES].map((value, index) => ({
    ...{ messageId: `m${index}`, key: `k "${index}"`, properties: '{"a":"\\n"}', timeMs: 1_772_366_400_123 },
    value: archivedValue(value),
  }));
}

describe('segments as Parquet', () => {
  let writer: SegmentWriter;
  beforeAll(async () => {
    writer = await openParquetWriter({ directory });
  });
  afterAll(async () => {
    await writer.close();
    expect(readdirSync(directory).filter((name) => name.startsWith('recorder-'))).toEqual([]);
    rmSync(directory, { recursive: true, force: true });
  });

  async function made(table: LedgerTable, pieces: ArchivedMessage[][]): Promise<Uint8Array> {
    const draft = await writer.begin(table);
    for (const piece of pieces) {
      draft.add(piece);
      await draft.flush();
    }
    const bytes = await draft.finish();
    await draft.discard();
    return bytes;
  }

  it('makes the same bytes of the same messages, however they came', async () => {
    for (const table of ledgerTables()) {
      const messages = messagesOf(table);
      const once = await made(table, [messages]);
      const bits = await made(
        table,
        messages.map((message) => [message]),
      );
      expect(Buffer.compare(once, bits)).toBe(0);
    }
  });

  it('has the columns and the types of the ledger, and a row for each message', async () => {
    const duckdb = await DuckDBInstance.create(':memory:');
    const connection = await duckdb.connect();
    const rows = async (sql: string) => (await connection.runAndReadAll(sql)).getRowObjectsJson();
    for (const table of ledgerTables()) {
      const messages = messagesOf(table);
      const file = join(directory, 'read.parquet');
      writeFileSync(file, await made(table, [messages]));
      await connection.run(createTable('memory.main', table));
      const shape = (of: string) => `select column_name, column_type from (describe ${of})`;
      expect(await rows(shape(`from read_parquet(${literal(file)})`))).toEqual(await rows(shape(table.name)));
      const kept = await rows(
        `select "__message_id__" as m, epoch_ms("__event_time__") as t, "__key__" as k, "__properties__" as p, type
         from read_parquet(${literal(file)})`,
      );
      expect(kept).toEqual(
        messages.map(({ messageId, key, properties, timeMs, value }) => ({
          ...{ m: messageId, k: key, p: properties, t: String(timeMs) },
          type: (JSON.parse(value) as { type?: string } | null)?.type ?? null,
        })),
      );
    }
    connection.closeSync();
    duckdb.closeSync();
  });

  it('says where the disk failed', async () => {
    const gone = join(directory, 'gone');
    const other = await openParquetWriter({ directory: gone });
    rmSync(gone, { recursive: true });
    const [table] = ledgerTables();
    if (!table) throw new Error('there are no tables');
    await expect(other.begin(table)).rejects.toMatchObject({
      ...{ code: 'ledger_failed', retryable: true, message: expect.stringContaining(gone) },
    });
    await other.close();
  });
});
