import { mkdtempSync, readdirSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SegmentWriter } from '@genfleet/archive';
import { openParquetWriter } from '@genfleet/archive-parquet';
import { openFileObjects } from '@genfleet/artifacts-file';
import { type Bus, fleetTopics } from '@genfleet/bus';
import { openSqliteBus } from '@genfleet/bus-sqlite';
import { encodeEvent, type JobEvent, type Topic } from '@genfleet/job';
import { ledgerTables, type SqlLedger } from '@genfleet/ledger';
import { FIXED_LEDGER, sqlLedgerContract } from '@genfleet/ledger/contract';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { archiveTopics } from '../../archive/test/archive-topics.ts';
import { dropMessages } from '../test/drop-messages.ts';
import { openDuckdbLedger } from './index.ts';

const SCHEMA = 'public/default';
const PROMPTS = 'requested_completion_generation';
const WITHOUT_PROMPTS = ledgerTables()
  .map(({ name }) => name)
  .filter((name) => name !== PROMPTS);

interface Rig {
  readonly directory: string;
  readonly bus: Bus;
  readonly archive: (messagesInFile: number) => Promise<void>;
  readonly drop: (topics: readonly string[]) => void;
  readonly openLedger: (folder: string) => Promise<SqlLedger>;
  readonly publish: (topic: Topic, event: JobEvent) => Promise<void>;
  readonly close: () => Promise<void>;
}

async function openRig(): Promise<Rig> {
  const directory = mkdtempSync(join(tmpdir(), 'genfleet-ledger-'));
  const file = join(directory, 'fleet.db');
  const bus = await openSqliteBus({ file });
  await bus.ensureTopics(fleetTopics());
  const openArchive = () => openFileObjects({ directory: join(directory, 'archive') });
  const writer: SegmentWriter = await openParquetWriter({ directory: join(directory, 'scratch') });
  return {
    ...{ directory, bus },
    archive: async (messagesInFile) =>
      archiveTopics({ bus, writer, objects: await openArchive() }, messagesInFile),
    drop: (topics) => dropMessages(file, topics),
    openLedger: async (folder) =>
      openDuckdbLedger({
        ...{ bus, directory: join(directory, folder), schemaName: SCHEMA, source: 'test' },
        ...{ transient: [PROMPTS], archive: await openArchive() },
      }),
    publish: async (topic, event) => {
      const { publishTimeMs } = await (await bus.producer(topic)).send({
        ...{ key: event.id, value: encodeEvent(event) },
      });
      while (Date.now() <= publishTimeMs) await new Promise((resolve) => setTimeout(resolve, 1));
    },
    close: async () => {
      await writer.close();
      await bus.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

sqlLedgerContract({
  name: 'ledger-duckdb, half of it in the archive and no longer on the bus,',
  endless: 'select count(*) from range(1000000000000) as r(x) where sin(x) > 2',
  create: async () => {
    const rig = await openRig();
    const ledger = await rig.openLedger('ledger');
    let published = 0;
    return {
      ...{ ledger, schemaName: SCHEMA },
      publish: async (topic, event) => {
        await rig.publish(topic, event);
        published += 1;
        if (published !== FIXED_LEDGER.length / 2) return;
        await rig.archive(2);
        rig.drop(WITHOUT_PROMPTS);
      },
      destroy: rig.close,
    };
  },
});

describe('ledger-duckdb over an archive', () => {
  let rig: Rig;
  beforeEach(async () => {
    rig = await openRig();
  });
  afterEach(() => rig.close());

  const options = { maxRows: 1_000, timeoutMs: 60_000, signal: new AbortController().signal };
  const ids = ledgerTables()
    .map(({ name }) => `select '${name}' as t, __message_id__ as m, id from ${name}`)
    .join(' union all ');
  const ask = async (ledger: SqlLedger) => (await ledger.query(`${ids} order by t, m`, options)).rows;
  const publish = async (from: number, to: number) => {
    for (const { topic, event } of FIXED_LEDGER.slice(from, to)) await rig.publish(topic, event);
  };

  it('answers the same whatever was archived, dropped, cached or read anew', async () => {
    const old = await rig.openLedger('old');
    const other = await rig.openLedger('other');
    await publish(0, 10);
    const before = await ask(old);
    expect(before).toHaveLength(10);
    await rig.archive(3);
    expect(await ask(other)).toEqual(before);
    rig.drop(WITHOUT_PROMPTS);
    expect(await ask(old)).toEqual(before);
    await Promise.all([old.close(), other.close()]);
    await publish(10, 20);
    await rig.archive(100);
    rig.drop([...WITHOUT_PROMPTS, PROMPTS]);
    await publish(20, 26);
    const fresh = await rig.openLedger('fresh');
    const rows = await ask(fresh);
    expect(new Set(rows.map(([topic, id]) => `${topic} ${id}`)).size).toBe(26);
    expect(rows).toHaveLength(26);
    // the files as they were left, by processes that were not there when the topics forgot
    for (const folder of ['old', 'other']) {
      const again = await rig.openLedger(folder);
      expect(await ask(again)).toEqual(rows);
      await again.close();
    }
    await fresh.close();
  });

  it('keeps a completion without its prompt when the bus has forgotten it', async () => {
    await publish(0, 26);
    const ledger = await rig.openLedger('ledger');
    const sql = `select id, settings.model, cardinality(settings.prompts), cardinality(settings.stop) from ${PROMPTS}
      where settings.messages is null order by id`;
    const model = 'code-7b';
    const withPrompts = [
      [expect.any(String), model, 2, 1],
      [expect.any(String), model, 1, 1],
    ];
    expect((await ledger.query(sql, options)).rows).toEqual(withPrompts);
    await rig.archive(2);
    expect((await ledger.query(sql, options)).rows).toEqual(withPrompts);
    rig.drop([PROMPTS]);
    const without = Array.from({ length: 3 }, () => [expect.any(String), model, null, 0]);
    expect((await ledger.query(sql, options)).rows).toEqual(without);
    expect((await ledger.query(`select count(*) from ${PROMPTS}`, options)).rows).toEqual([[3]]);
    await ledger.close();
  });

  it('names a file that was cut off, or is gone, and leaves out none in silence', async () => {
    await publish(0, 26);
    await rig.archive(2);
    rig.drop(WITHOUT_PROMPTS);
    const folder = join(rig.directory, 'archive/requested_txt2img_generation');
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
      name.endsWith('.parquet'),
    );
    const [first = '', second = ''] = files.sort();
    truncateSync(join(folder, first), 1_000);
    const ledger = await rig.openLedger('ledger');
    const damaged = { code: 'ledger_failed', message: expect.stringContaining(`${first} is damaged`) };
    await expect(ledger.query('select 1', options)).rejects.toMatchObject(damaged);
    rmSync(join(folder, first));
    const missing = { code: 'ledger_failed', message: expect.stringContaining(`${first} is missing`) };
    await expect(ledger.query('select 1', options)).rejects.toMatchObject(missing);
    expect(second).not.toBe('');
    await ledger.close();
  });

  it('lets no query read a file', async () => {
    const ledger = await rig.openLedger('ledger');
    for (const file of ['/etc/passwd', join(rig.directory, 'x.parquet')]) {
      await expect(ledger.query(`select * from '${file}'`, options)).rejects.toMatchObject({
        code: expect.stringMatching(/invalid_query|ledger_failed/),
      });
    }
    await ledger.close();
  });
});
