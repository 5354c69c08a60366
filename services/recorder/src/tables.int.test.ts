import { randomUUID } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openLedger } from '@genfleet/adapters';
import { fleetTopics } from '@genfleet/bus';
import { openSqliteBus } from '@genfleet/bus-sqlite';
import { readConfig } from '@genfleet/config';
import { encodeEvent } from '@genfleet/job';
import { ledgerTables } from '@genfleet/ledger';
import { FIXED_LEDGER } from '@genfleet/ledger/contract';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { archiveTopics } from '../../../packages/archive/test/archive-topics.ts';
import { execute, openTestArchive } from '../../../packages/ledger-trino/test/archive-beside.test.ts';
import { provide } from '../../../tools/provision/components.ts';
import { RecorderProcess } from '../test/recorder-process.ts';

const TABLE = 'requested_txt2img_generation';
const MINUTES_MS = 5 * 60_000;

/** The statements that `npm run recorder -- tables` prints, as who copies them would tell them apart. */
async function printedTables(env: Record<string, string>, ...words: string[]): Promise<string[]> {
  const { code, output } = await new RecorderProcess(env, ['tables', ...words]).end();
  expect({ code, output }).toMatchObject({ code: 0 });
  return output.split(/;\n+/).filter((statement) => statement !== '');
}

const [s3, trino] = [await provide('s3'), await provide('trino-476')];

describe('npm run recorder -- tables', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'genfleet-tables-'));
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  it.each([
    ['over the archive alone', [], 'pulsar', 'local'],
    ['that reads the topics too', ['archive'], 'archive', 'file'],
  ])('prints them for a Trino %s', async (_which, words, catalog, scheme) => {
    const env = { BUS_URL: 'pulsar://broker:6650/acme/images', ARCHIVE_URL: `file:${directory}` };
    const [schema, ...tables] = await printedTables(env, ...words);
    expect(schema).toBe(`create schema if not exists ${catalog}."acme/images"`);
    expect(tables).toHaveLength(ledgerTables().length);
    const table = tables.find((statement) => statement.includes(`.${TABLE} (`));
    expect(table).toMatch(new RegExp(`^create table if not exists ${catalog}."acme/images".${TABLE} \\(`));
    expect(table).toContain(`external_location = '${scheme}://${directory}/${TABLE}', format = 'PARQUET'`);
    // a Trino that reads the topics takes no folder that is not there
    expect(existsSync(join(directory, TABLE))).toBe(words.length > 0);
  });

  if ('missing' in s3 || 'missing' in trino) {
    const reason = 'missing' in s3 ? s3.missing : 'missing' in trino && trino.missing;
    it.skip(`prints what a Trino takes (not here: ${reason})`, () => undefined);
    return;
  }

  it(
    'prints what a Trino takes and answers from',
    async () => {
      const bus = await openSqliteBus({ file: join(directory, 'fleet.db') });
      await bus.ensureTopics(fleetTopics());
      for (const { topic, event } of FIXED_LEDGER) {
        await (await bus.producer(topic)).send({ key: event.id, value: encodeEvent(event) });
      }
      const archive = await openTestArchive(s3);
      await archiveTopics({ bus, ...archive }, 5);
      const env = {
        BUS_URL: `pulsar://broker:6650/tables-${randomUUID().slice(0, 8)}/images`,
        ARCHIVE_URL: archive.location,
        LEDGER_URL: trino.url,
      };
      const [schema = '', ...tables] = await printedTables(env);
      await execute(trino.url, [schema, ...tables.filter((statement) => statement.includes(TABLE))]);
      const ledger = await openLedger(readConfig(env), bus);
      const limits = { maxRows: 1, timeoutMs: 120_000, signal: new AbortController().signal };
      const { rows } = await ledger.query(`select count(*) from ${TABLE}`, limits);
      expect(rows).toEqual([[FIXED_LEDGER.filter(({ topic }) => topic.name === TABLE).length]]);
      await Promise.all([ledger.close(), archive.close()]);
      await bus.close();
    },
    MINUTES_MS,
  );
});
