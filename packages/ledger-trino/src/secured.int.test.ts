import type { SqlLedger } from '@genfleet/ledger';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { type OwnTrino, startOwnTrino } from '../../../tools/provision/components.ts';
import {
  type ListedQuery,
  openTopics,
  providePair,
  type Topics,
  WIDE,
} from '../test/trino-under-test.test.ts';
import { openTrinoLedger } from './index.ts';

const pair = await providePair();
const SET_UP_MS = 300_000;
const AT_ONCE_MS = 10_000;
const FAILED = { code: 'ledger_failed', retryable: true };

if ('missing' in pair) {
  describe('a secured Trino', () => it.skip(`not here: ${pair.missing}`, () => undefined));
} else {
  describe('a secured Trino', () => {
    let topics: Topics;
    let trino: OwnTrino;
    const opened: SqlLedger[] = [];
    const { signal } = new AbortController();

    beforeAll(async () => {
      topics = await openTopics(pair);
      const started = await startOwnTrino(pair.pulsar);
      if ('missing' in started) throw new Error(started.missing);
      trino = started;
    }, SET_UP_MS);
    afterEach(async () => {
      await Promise.all(opened.splice(0).map((ledger) => ledger.close()));
    });
    afterAll(async () => {
      await trino?.destroy();
      await topics?.bus.close();
    }, SET_UP_MS);

    function asking(url: string, password?: string) {
      const ledger = openTrinoLedger({ url, password, schemaName: topics.schemaName });
      opened.push(ledger);
      return async (sql: string) => (await ledger.query(sql, { ...WIDE, signal })).rows;
    }
    const count = 'select count(*) from requested_txt2img_generation';

    it('answers over HTTPS to who has the password', async () => {
      const ask = asking(trino.url, trino.password);
      expect(await ask(count)).toEqual([[0]]);
      const namesOfColumns = await ask('show columns from completed_txt2img_generation');
      expect(namesOfColumns.map(([name]) => name)).toContain('timings');
    }, 60_000);

    it('answers to nobody else', async () => {
      for (const [url, password] of [
        [trino.url, 'wrong'],
        [trino.url, undefined],
        [trino.url.replace('genfleet@', 'somebody@'), trino.password],
        [trino.insecureUrl, undefined],
      ] as const) {
        const thrown = (await asking(url, password)('select 1').catch((error: unknown) => error)) as Error;
        expect(thrown).toMatchObject({
          ...{ code: 'ledger_failed', retryable: false },
          message: expect.stringMatching(/refused the password|does not let/),
        });
        expect(`${thrown.message} ${JSON.stringify(thrown)} ${thrown.cause}`).not.toContain(trino.password);
      }
    }, 60_000);

    it('is not believed unless its certificate is of the signer that is named', async () => {
      const ask = asking(trino.url.replace(/&ca=.*/, ''), trino.password);
      await expect(ask('select 1')).rejects.toMatchObject({
        ...{ code: 'ledger_failed', retryable: false },
        message: expect.stringMatching(/cannot be trusted: .*certificate/),
      });
    });

    it('lets its user read topics and neither write nor see what others ask', async () => {
      const ask = asking(trino.url, trino.password);
      for (const sql of [
        'select * from system.runtime.queries',
        'select * from system.runtime.nodes',
        `explain analyze insert into requested_txt2img_generation select * from requested_txt2img_generation`,
      ]) {
        await expect(ask(sql)).rejects.toMatchObject({
          code: 'invalid_query',
          message: expect.stringMatching(/Access Denied/),
        });
      }
      const asAdmin = asking(trino.url.replace('genfleet@', 'admin@'), trino.password);
      const [[seen] = []] = await asAdmin(
        `select count(*) from system.runtime.queries where "user" = 'genfleet' and state = 'FAILED'`,
      );
      expect(seen).toBeGreaterThan(0);
    }, 60_000);

    it(
      'fails a query in whose middle it dies, at once, and is asked again when it is back',
      async () => {
        const ledger = openTrinoLedger({
          ...{ url: trino.url, password: trino.password, schemaName: topics.schemaName },
        });
        opened.push(ledger);
        const endless = `select count(*) from unnest(sequence(1, 10000)) as a(x)
        cross join unnest(sequence(1, 10000)) as b(y) cross join unnest(sequence(1, 10000)) as c(z)`;
        const asked = ledger.query(endless, { ...WIDE, signal }).catch((thrown: unknown) => thrown);
        await runs(trino);
        await trino.kill();
        const killedMs = performance.now();
        expect(await asked).toMatchObject(FAILED);
        await expect(ledger.query(count, { ...WIDE, signal })).rejects.toMatchObject(FAILED);
        expect(performance.now() - killedMs).toBeLessThan(AT_ONCE_MS);
        const starting = trino.start();
        let isUp = false;
        starting.finally(() => {
          isUp = true;
        });
        // while it starts it refuses, in several ways
        while (!isUp) {
          const answer = await ledger
            .query('select 1', { ...WIDE, timeoutMs: 5_000, signal })
            .catch((thrown: unknown) => thrown);
          if (answer instanceof Error)
            expect(['ledger_failed', 'query_timeout']).toContain(Reflect.get(answer, 'code'));
        }
        await starting;
        expect((await ledger.query(count, { ...WIDE, signal })).rows).toEqual([[0]]);
      },
      SET_UP_MS,
    );
  });
}

/** Until its list of queries shows the endless one at work. */
async function runs(trino: OwnTrino): Promise<void> {
  const ledger = openTrinoLedger({ url: trino.url.replace('genfleet@', 'admin@'), password: trino.password });
  const sql = `select state from system.runtime.queries where query like 'select count(*) from unnest%'`;
  const states: ListedQuery['state'][] = [];
  while (!states.includes('RUNNING')) {
    const { rows } = await ledger.query(sql, { ...WIDE, signal: new AbortController().signal });
    states.splice(0, states.length, ...rows.map(([state]) => String(state)));
  }
  await ledger.close();
}
