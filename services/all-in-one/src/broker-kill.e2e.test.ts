import { afterAll, describe, expect, it } from '@jest/globals';
import { startOwnPulsar } from '../../../tools/provision/components.ts';
import { auditLedger, endsOf, lostClaims } from '../test/audit.ts';
import { busEnv, protocols } from '../test/broker.ts';
import { expectAttemptsCounted, expectKept } from '../test/kept.ts';
import { postAll, untilAllEnded, untilCompleted } from '../test/load.ts';
import { dataFolder } from '../test/product.ts';
import { processes, setUp, startApi, startWorker } from '../test/services.ts';

const JOBS = 500;
const MINUTES_MS = 10 * 60_000;
/** Jobs that one worker with the embedded engine may hold at a time. */
const IN_FLIGHT = 6;
const SENT_BEFORE = 300;
const COMPLETED_BEFORE = 100;

const broker = await startOwnPulsar({ tokens: false });
if ('missing' in broker) {
  describe('kill -9 of the broker', () => {
    it.skip(`loses nothing (needs a Pulsar of its own: ${broker.missing})`, () => undefined);
  });
} else {
  const spoken = await protocols();

  describe(`kill -9 of the broker in the middle of ${JOBS} jobs`, () => {
    const folder = dataFolder();
    const { started, killAll } = processes();
    afterAll(async () => {
      await killAll();
      await broker.destroy();
      folder.remove();
    });

    it(
      `loses nothing, with two workers on it by ${spoken.join(' and ')}`,
      async () => {
        const run = 'broker';
        const on = (protocol: 'native' | 'ws', name: string) => ({
          ...busEnv(broker, protocol, 'killed/images'),
          DATA_DIR: `${folder.path}/${name}`,
          ARTIFACTS_URL: `file:${folder.path}/artifacts`,
        });
        const [first = 'ws', second = first] = spoken;
        expect(await setUp(on('ws', 'setup'))).toMatchObject({ code: 0 });
        const api = await started(startApi(on(first, 'api')));
        const url = () => api.url;
        await started(startWorker(on(first, 'worker-1')));
        await started(startWorker(on(second, 'worker-2')));
        const isDown = Promise.withResolvers<void>();
        // the rest is sent to an API whose broker is dead
        const beforeRequest = (n: number) => (n < SENT_BEFORE ? undefined : isDown.promise);
        const posting = postAll({ url, count: JOBS, run, beforeRequest });
        await untilCompleted(url, run, COMPLETED_BEFORE);
        await broker.kill();
        isDown.resolve();
        // one that is started meanwhile waits for the bus
        const late = started(startWorker(on(first, 'worker-3')));
        await Promise.all([broker.start(), late]);
        expect((await late).output()).toContain('waiting for the bus');
        const ids = await posting;
        await untilAllEnded(url, run);
        const ledger = await auditLedger(on('ws', 'audit'));
        expect(ids).toHaveLength(JOBS);
        await expectKept(url, ids, ledger);
        expectAttemptsCounted(ledger);
        // no worker died: at most what the two were running or about to run may have been run again
        expect([...ledger.values()].flatMap(lostClaims).length).toBeLessThanOrEqual(2 * IN_FLIGHT);
        expect([...ledger.values()].filter((job) => endsOf(job).length > 1).length).toBeLessThanOrEqual(
          2 * IN_FLIGHT,
        );
      },
      MINUTES_MS,
    );
  });
}
