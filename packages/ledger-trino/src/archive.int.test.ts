import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { trinoTables } from '@genfleet/archive';
import { fleetTopics } from '@genfleet/bus';
import { openSqliteBus } from '@genfleet/bus-sqlite';
import { encodeEvent, type JobEvent, type Topic } from '@genfleet/job';
import type { SqlLedger } from '@genfleet/ledger';
import { expectRows, FIXED_LEDGER, STATEMENTS, statementSql } from '@genfleet/ledger/contract';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { provide } from '../../../tools/provision/components.ts';
import { archiveTopics } from '../../archive/test/archive-topics.ts';
import { execute, openTestArchive } from '../test/archive-beside.test.ts';
import { openTrinoLedger } from './index.ts';

const START_MS = 300_000;
const UNSUPPORTED: Readonly<Record<string, string>> = {
  'a prompt of token ids shows as JSON': 'prompts are not archived',
  'what an event does not have is null': 'it looks for a prompt',
};

const [s3, trino] = [await provide('s3'), await provide('trino-476')];

if ('missing' in s3 || 'missing' in trino) {
  const reason = 'missing' in s3 ? s3.missing : 'missing' in trino && trino.missing;
  describe('Trino 476 over the archive', () => it.skip(`answers (not here: ${reason})`, () => undefined));
} else {
  describe('Trino 476 over the archive', () => {
    const directory = mkdtempSync(join(tmpdir(), 'genfleet-archive-'));
    const schemaName = `archive-${randomUUID().slice(0, 8)}/images`;
    let ledger: SqlLedger;
    let archive: () => Promise<void>;
    let publish: (topic: Topic, event: JobEvent) => Promise<void>;
    const closings: (() => Promise<void>)[] = [];

    beforeAll(async () => {
      const bus = await openSqliteBus({ file: join(directory, 'fleet.db') });
      await bus.ensureTopics(fleetTopics());
      const archived = await openTestArchive(s3);
      closings.push(
        () => bus.close(),
        () => archived.close(),
      );
      archive = () => archiveTopics({ bus, ...archived }, 5);
      publish = async (topic, event) => {
        const { publishTimeMs } = await (await bus.producer(topic)).send({
          ...{ key: event.id, value: encodeEvent(event) },
        });
        while (Date.now() <= publishTimeMs) await new Promise((resolve) => setTimeout(resolve, 1));
      };
      for (const { topic, event } of FIXED_LEDGER) await publish(topic, event);
      await archive();
      await execute(trino.url, trinoTables(schemaName, archived.location));
      ledger = openTrinoLedger({ url: trino.url, schemaName });
    }, START_MS);
    afterAll(async () => {
      await ledger?.close();
      await Promise.all(closings.map((close) => close()));
      rmSync(directory, { recursive: true, force: true });
    });

    const ask = (sql: string) =>
      ledger.query(statementSql(sql, schemaName), {
        ...{ maxRows: 1_000, timeoutMs: 120_000, signal: new AbortController().signal },
      });

    // what is asked of no table is asked of the other Trino
    for (const statement of STATEMENTS.filter(({ sql }) => sql.includes('_generation'))) {
      const reason = UNSUPPORTED[statement.name];
      if (reason === undefined) it(statement.name, () => expectRows(statement, ask), 120_000);
      else it.skip(`${statement.name} (not here: ${reason})`, () => undefined);
    }

    it('takes an upper bound on the time of publishing, which no connector of Pulsar sees', async () => {
      const sql =
        "select count(*) from requested_txt2img_generation where __publish_time__ < now() + interval '1' day";
      expect((await ask(sql)).rows).toEqual([[8]]);
    }, 120_000);

    it('sees a file with the first query after it was put, with the columns of the ledger and no others', async () => {
      const [first] = FIXED_LEDGER;
      if (!first) throw new Error('the fixed ledger is empty');
      const count = `select count(*) from ${first.topic.name}`;
      const [[before] = []] = (await ask(count)).rows;
      await publish(first.topic, first.event);
      await archive();
      expect((await ask(count)).rows).toEqual([[Number(before) + 1]]);
      const { columns } = await ask(`select * from ${first.topic.name} limit 1`);
      expect(columns.map(({ name }) => name).slice(-8)).toEqual([
        ...['__partition__', '__event_time__', '__publish_time__', '__message_id__'],
        ...['__sequence_id__', '__producer_name__', '__key__', '__properties__'],
      ]);
      expect(columns.map(({ name }) => name)).not.toContain('dt');
    }, 120_000);
  });
}
