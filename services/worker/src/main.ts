import { awaitTopics, openArtifacts, openBus, openEngines } from '@genfleet/adapters';
import { loadConfig } from '@genfleet/config';
import type { Kind } from '@genfleet/job';
import { type LocalView, openView } from '@genfleet/ledger';
import {
  createLogger,
  createRegistry,
  createWorkerMetrics,
  runService,
  type StopService,
  startHealthServer,
} from '@genfleet/telemetry';
import { startWorkers } from './workers.ts';

/** A worker decides about jobs that are handed to it; older ones are read again when they are. */
const VIEW_WINDOW_MS = 86_400_000;

/** The sidecar of a worker pod: one subscription, one engine. Stops within its grace. */
async function start(): Promise<StopService> {
  const config = loadConfig();
  const log = createLogger({ level: config.LOG_LEVEL, service: 'worker' });
  const bus = await openBus(config);
  await awaitTopics(bus, config, log);
  const artifacts = await openArtifacts(config, () => bus.nowMs());
  const engines = await openEngines(config, log);
  const views: LocalView[] = [];
  const openWorkerView = async (kind: Kind) => {
    const now = () => bus.nowMs();
    const from = { atTimeMs: now() };
    const window = { from, windowMs: VIEW_WINDOW_MS };
    const view = await openView({ bus, file: ':memory:', kinds: [kind], log, now, ...window });
    views.push(view);
    return view;
  };
  const registry = createRegistry();
  const metrics = createWorkerMetrics(registry);
  const common = { bus, artifacts, log, metrics };
  const worker = await startWorkers(config, engines, common, openWorkerView);
  const health = await startHealthServer({
    host: config.HOST,
    port: config.WORKER_PORT,
    registry,
    ready: () => worker.ready(),
  });
  log.info({}, `worker ${worker.name} takes jobs; health on port ${health.port}`);
  return async (signal) => {
    log.info({}, `${signal}: draining`);
    await worker.stop(config.DRAIN_GRACE_MS);
    const closing = views.map((view) => view.close());
    await Promise.allSettled([health.close(), engines.close(), artifacts.close(), ...closing]);
    await bus.close();
  };
}

await runService('worker', start);
