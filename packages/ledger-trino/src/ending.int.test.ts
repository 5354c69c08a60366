import { setTimeout as sleep } from 'node:timers/promises';
import type { SqlLedger } from '@genfleet/ledger';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { listedQueries, openUnderTest, providePair, WIDE } from '../test/trino-under-test.test.ts';
import { openTrinoLedger } from './index.ts';

const pair = await providePair();
const LONG_MS = 120_000;
/** Far less than the query would take. */
const AT_ONCE_MS = 5_000;

/** One that runs for long without an answer, known by its mark. */
const endless = (mark: string) => `select count(*) as ${mark} from unnest(sequence(1, 10000)) as a(x)
  cross join unnest(sequence(1, 10000)) as b(y) cross join unnest(sequence(1, 10000)) as c(z)`;

if ('missing' in pair) {
  describe('ending', () => it.skip(`not here: ${pair.missing}`, () => undefined));
} else {
  describe('a query that nobody waits for any more', () => {
    const { url } = pair.trino;
    let ledger: SqlLedger;
    let destroy: () => Promise<void>;
    beforeAll(async () => {
      ({ ledger, destroy } = await openUnderTest(pair));
    }, LONG_MS);
    afterAll(async () => {
      await ledger?.close();
      await destroy?.();
    });

    const ownState = async (mark: string) => {
      const own = (await listedQueries(url, mark)).find(({ query }) => query.startsWith('select'));
      return own && `${own.state} ${own.errorCode?.name ?? ''}`.trim();
    };

    async function becomes(mark: string, wanted: RegExp) {
      const deadline = performance.now() + AT_ONCE_MS;
      for (;;) {
        const state = await ownState(mark);
        if (state !== undefined && wanted.test(state)) return;
        if (performance.now() > deadline) throw new Error(`${mark} is ${state}, not ${wanted}`);
        await sleep(20);
      }
    }

    it(
      'is cancelled in Trino at once',
      async () => {
        const gone = new AbortController();
        const asked = ledger.query(endless('client_gone'), { ...WIDE, signal: gone.signal });
        asked.catch(() => undefined);
        await becomes('client_gone', /^RUNNING/);
        gone.abort();
        await expect(asked).rejects.toMatchObject({ code: 'cancelled' });
        await becomes('client_gone', /^FAILED USER_CANCELED/);
      },
      LONG_MS,
    );

    it(
      'is cancelled at its deadline',
      async () => {
        const { signal } = new AbortController();
        const asked = ledger.query(endless('too_late'), { ...WIDE, timeoutMs: 2_000, signal });
        await expect(asked).rejects.toMatchObject({ code: 'query_timeout' });
        await becomes('too_late', /^FAILED (USER_CANCELED|EXCEEDED_TIME_LIMIT)/);
      },
      LONG_MS,
    );

    it(
      'is cancelled when the rows that were asked for are there',
      async () => {
        const { signal } = new AbortController();
        const sql = `select a.x, b.y as enough from unnest(sequence(1, 10000)) as a(x)
          cross join unnest(sequence(1, 10000)) as b(y)`;
        const { rows, truncated } = await ledger.query(sql, { ...WIDE, maxRows: 10, signal });
        expect(rows).toHaveLength(10);
        expect(truncated).toBe(true);
        await becomes('enough', /^FAILED USER_CANCELED/);
      },
      LONG_MS,
    );

    it(
      'is cancelled when the ledger is closed, and a closed one asks nothing',
      async () => {
        const other = openTrinoLedger({ url });
        const { signal } = new AbortController();
        const asked = other.query(endless('closing'), { ...WIDE, signal });
        asked.catch(() => undefined);
        await becomes('closing', /^RUNNING/);
        await other.close();
        await expect(asked).rejects.toMatchObject({ code: 'closed' });
        await becomes('closing', /^FAILED USER_CANCELED/);
        await other.close();
        await expect(other.query('select 1', { ...WIDE, signal })).rejects.toMatchObject({ code: 'closed' });
      },
      LONG_MS,
    );

    it(
      'leaves nothing behind, at whichever moment it is given up',
      async () => {
        for (let ms = 0; ms <= 400; ms += 25) {
          const gone = new AbortController();
          const asked = ledger.query(endless(`after_${ms}_ms`), { ...WIDE, signal: gone.signal });
          asked.catch(() => undefined);
          await sleep(ms);
          gone.abort();
          await expect(asked).rejects.toMatchObject({ code: 'cancelled' });
        }
        const deadline = performance.now() + AT_ONCE_MS;
        for (;;) {
          const left = (await listedQueries(url, 'after_')).filter(
            ({ state }) => state !== 'FAILED' && state !== 'FINISHED',
          );
          if (left.length === 0) break;
          if (performance.now() > deadline) throw new Error(`still there: ${JSON.stringify(left)}`);
          await sleep(50);
        }
      },
      LONG_MS,
    );
  });
}
