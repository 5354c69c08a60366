import { afterAll, afterEach, describe, expect, it } from '@jest/globals';
import { auditLedger, endsOf, lostClaims } from '../test/audit.ts';
import { expectAttemptsCounted, expectKept } from '../test/kept.ts';
import { postAll, untilAllEnded, untilCompleted } from '../test/load.ts';
import { dataFolder } from '../test/product.ts';
import { processes, startApi, startWorker } from '../test/services.ts';

const JOBS = 500;
const MINUTES_MS = 10 * 60_000;

const folder = dataFolder();
const { started, killAll } = processes();

/** Also what a test that failed left running. */
afterEach(killAll);
afterAll(() => folder.remove());

describe('kill -9 in the middle of 500 jobs', () => {
  it(
    'of the API, twice: clients that ask again lose nothing and run nothing twice',
    async () => {
      const run = 'api';
      const env = { DATA_DIR: `${folder.path}/${run}` };
      let api = await started(startApi(env));
      await started(startWorker(env));
      const url = () => api.url;
      const kills: Promise<void>[] = [];
      const killAndStart = async () => {
        await api.end('SIGKILL');
        api = await started(startApi(env));
      };
      const onPromised = (promised: number) => {
        if (promised === 150 || promised === 350) kills.push(killAndStart());
      };
      const ids = await postAll({ url, count: JOBS, run, onPromised });
      await Promise.all(kills);
      expect(kills).toHaveLength(2);
      await untilAllEnded(url, run);
      const ledger = await auditLedger(env);
      await expectKept(url, ids, ledger);
      // a request that was sent again made no second job, and no worker died
      expect(ledger.size).toBe(JOBS);
      for (const job of ledger.values()) {
        expect(job.state.starts).toHaveLength(1);
        expect(endsOf(job)).toMatchObject([{ type: 'completed', attempt: 1 }]);
      }
    },
    MINUTES_MS,
  );

  it(
    'of one of two workers, three times: each costs what it was running one attempt',
    async () => {
      const run = 'worker';
      const env = { DATA_DIR: `${folder.path}/${run}` };
      const api = await started(startApi(env));
      const url = () => api.url;
      const workers = await Promise.all([1, 2].map(() => started(startWorker(env))));
      const posting = postAll({ url, count: JOBS, run });
      const killed: string[] = [];
      for (const completed of [60, 160, 260]) {
        await untilCompleted(url, run, completed);
        const victim = workers.shift();
        if (!victim) throw new TypeError('two workers run');
        await victim.end('SIGKILL');
        killed.push(victim.url);
        workers.push(await started(startWorker(env)));
      }
      const ids = await posting;
      await untilAllEnded(url, run);
      const ledger = await auditLedger(env);
      expect(ledger.size).toBe(JOBS);
      await expectKept(url, ids, ledger);
      expectAttemptsCounted(ledger);
      const lost = [...ledger.values()].flatMap(lostClaims);
      expect(lost.length).toBeGreaterThan(0);
      for (const { worker } of lost) expect(killed).toContain(worker);
    },
    MINUTES_MS,
  );
});
