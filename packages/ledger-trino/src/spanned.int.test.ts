import { TopicArchive } from '@genfleet/archive';
import type { ObjectStore } from '@genfleet/artifacts';
import { GenfleetError } from '@genfleet/job';
import { ledgerTables, PastJobs, type SqlLedger } from '@genfleet/ledger';
import { expectRows, FIXED_LEDGER, STATEMENTS, statementSql } from '@genfleet/ledger/contract';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { provide } from '../../../tools/provision/components.ts';
import { archiveTopics } from '../../archive/test/archive-topics.ts';
import { createTables, openTestArchive, type TestArchive } from '../test/archive-beside.test.ts';
import { openTopics, providePair, type Topics } from '../test/trino-under-test.test.ts';
import { type ArchiveBeside, openTrinoLedger } from './index.ts';

const PROMPTS = 'requested_completion_generation';
const REQUESTED = 'requested_txt2img_generation';
const START_MS = 300_000;
const QUERY_MS = 120_000;
/** Files of so many messages. */
const FILE_MESSAGES = 2;
const AT_ONCE = 4;

const [pair, s3] = [await providePair(), await provide('s3')];
const catalog = 'missing' in pair ? undefined : pair.trino.archiveCatalog;

if (process.env['CI'] === 'true' && !('missing' in pair || 'missing' in s3) && catalog === undefined) {
  throw new Error('CI=true and Trino has no catalog of archives: TRINO_ARCHIVE_CATALOG');
}
if ('missing' in pair || 'missing' in s3 || catalog === undefined) {
  const reason =
    'missing' in pair ? pair.missing : 'missing' in s3 ? s3.missing : 'this Trino has no catalog of archives';
  describe('Trino over archive and topics', () => it.skip(`answers (not here: ${reason})`, () => undefined));
} else {
  describe('Trino over archive and topics', () => {
    let topics: Topics;
    let archived: TestArchive;
    let ledger: SqlLedger;
    const url = `${pair.trino.url}?archive=${catalog}`;
    const options = { maxRows: 1_000, timeoutMs: QUERY_MS, signal: new AbortController().signal };

    const beside = (objects = async () => archived.objects): ArchiveBeside => ({
      ...{ open: objects, location: archived.location, bus: topics.bus, transient: [PROMPTS] },
    });
    const open = (objects?: () => Promise<ObjectStore>) =>
      openTrinoLedger({ url, schemaName: topics.schemaName, archive: beside(objects) });
    const ask = (sql: string) => ledger.query(statementSql(sql, topics.schemaName), options);
    const count = async (table: string, where = 'true') =>
      (await ask(`select count(*), count(distinct __message_id__) from ${table} where ${where}`)).rows[0];
    const publish = async (from: number, to?: number) => {
      for (const { topic, event } of FIXED_LEDGER.slice(from, to)) await topics.publish(topic, event);
    };
    /** Messages in the table, whichever part they are in. */
    let requested = FIXED_LEDGER.filter(({ topic }) => topic.name === REQUESTED).length;
    const publishOne = async () => {
      const [first] = FIXED_LEDGER;
      if (!first) throw new Error('the fixed ledger is empty');
      await topics.publish(first.topic, first.event);
      requested += 1;
    };
    const archive = () => archiveTopics({ bus: topics.bus, ...archived }, FILE_MESSAGES);
    const admin = async (method: string, path: string) => {
      const answer = await fetch(`${pair.pulsar.adminUrl}/admin/v2/${path}`, { method });
      if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    };
    /** As retention does, which takes whole ledgers: what stands in an open one stays. */
    const forget = async (names: readonly string[]) => {
      for (const name of names) {
        const path = `persistent/${topics.schemaName}/${name}`;
        await admin('PUT', `${path}/unload`);
        await admin('DELETE', `${path}/truncate`);
      }
    };

    beforeAll(async () => {
      topics = await openTopics(pair);
      archived = await openTestArchive(s3);
      await createTables(archived, { url: pair.trino.url, catalog, schemaName: topics.schemaName });
      await publish(0, 9);
      await archive();
      await forget(ledgerTables().flatMap(({ name }) => (name === PROMPTS ? [] : [name])));
      await publish(9, 18);
      await archive();
      await publish(18);
      ledger = open();
    }, START_MS);
    afterAll(async () => {
      await ledger?.close();
      await topics?.bus.close();
      await archived?.close();
    });

    // what is asked of no table is the same without an archive
    const asked = STATEMENTS.filter(({ sql }) => sql.includes('_generation'));
    const answers = new Map<string, Promise<void>>();
    /** Some at once: each of them waits for most of its time. */
    const answer = (index: number) => {
      for (const statement of asked.slice(index, index + AT_ONCE)) {
        if (answers.has(statement.name)) continue;
        const outcome = expectRows(statement, ask);
        outcome.catch(() => undefined);
        answers.set(statement.name, outcome);
      }
      return answers.get(asked[index]?.name ?? '');
    };
    for (const [index, { name }] of asked.entries()) it(name, () => answer(index), QUERY_MS);

    it(
      'folds a job that is in both parts',
      async () => {
        const [id = ''] = FIXED_LEDGER.slice(6, 9).map(({ event }) => event.id);
        const published = FIXED_LEDGER.filter(({ event }) => event.id === id);
        const job = await new PastJobs(ledger).job('txt2img', id, options);
        expect(job?.events.map(({ topic }) => topic)).toEqual(published.map(({ topic }) => topic.name));
      },
      QUERY_MS,
    );

    it(
      'reads each message once, of which some are here, some there and some in both places',
      async () => {
        const inArchive = await ask(`select count(*) from ${catalog}."${topics.schemaName}".${REQUESTED}`);
        expect(inArchive.rows).toEqual([[6]]);
        expect(await count(REQUESTED)).toEqual([requested, requested]);
      },
      QUERY_MS,
    );

    it(
      'misses nothing and doubles nothing while a recorder dies, and while it puts files',
      async () => {
        const put: [string, Uint8Array][] = [];
        const dying = Object.create(archived.objects, {
          put: { value: async (...file: [string, Uint8Array]) => void put.push(file) },
          putIfAbsent: { value: archived.objects.putIfAbsent.bind(archived.objects) },
          get: { value: archived.objects.get.bind(archived.objects) },
          list: { value: archived.objects.list.bind(archived.objects) },
        }) as ObjectStore;
        await publishOne();
        // of one file each, so that the claimed one is the newest
        await archiveTopics({ ...archived, bus: topics.bus, objects: dying }, 100);
        expect(put.length).toBeGreaterThan(0);
        expect(await count(REQUESTED)).toEqual([requested, requested]);
        for (const [key, bytes] of put) await archived.objects.put(key, bytes);
        expect(await count(REQUESTED)).toEqual([requested, requested]);
        const enough = requested + 6;
        const recording = (async () => {
          while (requested < enough) {
            await publishOne();
            await archive();
          }
        })();
        for (let isOver = false; !isOver; ) {
          isOver = requested === enough;
          const atLeast = requested;
          const [rows, ids] = (await count(REQUESTED)) ?? [];
          expect(rows).toBe(ids);
          expect(rows).toBeGreaterThanOrEqual(atLeast);
          expect(rows).toBeLessThanOrEqual(requested);
        }
        await recording;
      },
      QUERY_MS,
    );

    it(
      'names a file that is cut off, and opens none of hours that are not asked for',
      async () => {
        const file = `${REQUESTED}/dt=2020-01-01/hour=00/0-0-1.parquet`;
        await archived.objects.put(file, Buffer.from('PAR1 cut off'));
        await expect(count(REQUESTED)).rejects.toMatchObject({
          code: 'ledger_failed',
          message: expect.stringMatching(/0-0-1\.parquet.*recorder -- check/s),
        });
        expect(await count(REQUESTED, "__publish_time__ >= now() - interval '1' day")).toEqual([
          requested,
          requested,
        ]);
        await archived.objects.delete(file);
      },
      QUERY_MS,
    );

    it(
      'names a file that is not there any more',
      async () => {
        const first = await new TopicArchive(archived.objects, REQUESTED).oldest();
        const file = first?.file ?? '';
        const bytes = await archived.objects.get(file);
        await archived.objects.delete(file);
        const fresh = open();
        const missing = { code: 'ledger_failed', message: expect.stringContaining(`${file} is missing`) };
        await expect(fresh.query(`select id from ${REQUESTED}`, options)).rejects.toMatchObject(missing);
        expect((await fresh.query('select 1', options)).rows).toEqual([[1]]);
        await archived.objects.put(file, bytes);
        expect((await fresh.query(`select count(*) from ${REQUESTED}`, options)).rows).toEqual([[requested]]);
      },
      QUERY_MS,
    );

    it(
      'says that the bucket is away, and what a Trino lacks',
      async () => {
        const away = open(async () => {
          throw new GenfleetError('artifacts_failed', 'nobody answers');
        });
        await expect(away.query(`select id from ${REQUESTED}`, options)).rejects.toMatchObject({
          ...{ code: 'ledger_failed', message: "the archive can't be read: nobody answers" },
        });
        const elsewhere = openTrinoLedger({
          ...{ url: `${pair.trino.url}?archive=nowhere`, schemaName: topics.schemaName, archive: beside() },
        });
        await expect(elsewhere.query(`select id from ${REQUESTED}`, options)).rejects.toMatchObject({
          code: 'ledger_failed',
          message: expect.stringMatching(/Trino can't read the archive: .*nowhere.*recorder -- tables/s),
        });
      },
      QUERY_MS,
    );

    it(
      'shows a completion without its prompt when the topic has forgotten it',
      async () => {
        const prompts = `select count(*), count(settings.prompts), count(distinct __message_id__) from ${PROMPTS}`;
        await forget([PROMPTS]);
        expect((await ask(prompts)).rows).toEqual([[3, 0, 3]]);
      },
      QUERY_MS,
    );
  });
}
