/**
 * Genfleet with an engine that takes no time: `genfleet-jobs.ts DIRECTORY`. What `npm start` runs, API and worker in
 * one process over the embedded bus, with a stand-in for the engine alone. Prints its port.
 */
import { join } from 'node:path';
import { openFileStore } from '../../packages/artifacts-file/src/index.ts';
import { fleetTopics } from '../../packages/bus/src/index.ts';
import { openSqliteBus } from '../../packages/bus-sqlite/src/index.ts';
import { readConfig, viewWindows } from '../../packages/config/src/index.ts';
import { newJobId } from '../../packages/job/src/index.ts';
import { openViews } from '../../packages/ledger/src/index.ts';
import { createLogger, createRegistry, createWorkerMetrics } from '../../packages/telemetry/src/index.ts';
import { startApi } from '../../services/api/src/index.ts';
import { startWorkers } from '../../services/worker/src/index.ts';
import { greyPictures, ScriptedEngine } from '../../services/worker/test/scripted-engine.ts';

const [directory = ''] = process.argv.slice(2);
const config = readConfig({ PORT: '0', MAX_QUEUED_JOBS: '1000000' });
const log = createLogger({ level: 'warn', service: 'bench' });
const bus = await openSqliteBus({ file: join(directory, 'fleet.db') });
await bus.ensureTopics(fleetTopics());
const views = await openViews({
  ...{ bus, log, now: Date.now, windowsMs: viewWindows(config) },
  fileOf: (kind) => join(directory, `view-${kind}.db`),
});
const artifacts = await openFileStore({ directory: join(directory, 'artifacts') });
const api = await startApi({ bus, views, artifacts, config, log, clock: Date.now, newId: newJobId });
const engine = new ScriptedEngine((task) => greyPictures(task, 0, 0), 4);
const metrics = createWorkerMetrics(createRegistry());
const worker = await startWorkers(
  config,
  { txt2img: engine },
  { bus, artifacts, log, metrics },
  async (kind) => views[kind],
);
await worker.ready();
process.stdout.write(`${api.port}\n`);
