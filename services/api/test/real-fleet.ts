import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openFileStore } from '@genfleet/artifacts-file';
import { type Bus, fleetTopics } from '@genfleet/bus';
import { openSqliteBus } from '@genfleet/bus-sqlite';
import { openView, type SqlLedger, type View } from '@genfleet/ledger';
import { createLogger } from '@genfleet/telemetry';
import type { ApiOptions } from '../src/index.ts';
import { HandWriter } from './hand-writer.ts';
import { HandWorker, type Replica, startReplica } from './rig.ts';

/**
 * Two replicas of the API, each with its own view, over one bus in a file and one folder of artifacts; and over one
 * ledger in SQL, where one is opened.
 */
export async function startRealFleet(
  settings: Partial<ApiOptions['config']> = {},
  openLedger?: (bus: Bus, folder: string) => Promise<SqlLedger>,
) {
  const folder = await mkdtemp(join(tmpdir(), 'genfleet-api-'));
  const bus = await openSqliteBus({ file: join(folder, 'fleet.db') });
  await bus.ensureTopics(fleetTopics());
  const artifacts = await openFileStore({ directory: join(folder, 'artifacts') });
  const log = createLogger({ level: 'silent', service: 'api' });
  const ledger = await openLedger?.(bus, folder);
  const replicas: Replica[] = [];
  const completionViews: View[] = [];
  for (const name of ['a', 'b']) {
    const file = join(folder, `view-${name}.db`);
    const view = await openView({ bus, file, kinds: ['txt2img'], log, now: Date.now });
    const textFile = join(folder, `view-${name}-completions.db`);
    const completionView = await openView({ bus, file: textFile, kinds: ['completion'], log, now: Date.now });
    replicas.push(await startReplica({ bus, view, completionView, artifacts }, { settings, ledger }));
    completionViews.push(completionView);
  }
  const [a, b] = replicas;
  const [completionView] = completionViews;
  if (!a || !b || !completionView) throw new TypeError('two replicas were started');
  return {
    a,
    b,
    bus,
    artifacts,
    worker: new HandWorker(bus, artifacts),
    writer: new HandWriter(bus, artifacts),
    /** Of replica a. */
    completionView,
    close: async () => {
      for (const { api, view } of replicas) {
        await api.stop();
        await view.close();
      }
      for (const view of completionViews) await view.close();
      await Promise.all([artifacts.close(), ledger?.close()]);
      await bus.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export type RealFleet = Awaited<ReturnType<typeof startRealFleet>>;
