import { setTimeout as sleep } from 'node:timers/promises';
import { openArtifacts, openBus, openEngine } from '@genfleet/adapters';
import { type Bus, fleetTopics, requireTopics } from '@genfleet/bus';
import { type Config, loadConfig } from '@genfleet/config';
import { GenfleetError } from '@genfleet/job';
import { openView } from '@genfleet/ledger';
import {
  createLogger,
  createRegistry,
  createWorkerMetrics,
  type Logger,
  runService,
  type StopService,
} from '@genfleet/telemetry';
import { startHealthServer } from './health-server.ts';
import { startWorker } from './worker.ts';
import { workerSettings } from './worker-settings.ts';

const BUS_AGAIN_MS = 1_000;
/** A worker decides about jobs that are handed to it; older ones are read again when they are. */
const VIEW_WINDOW_MS = 86_400_000;

/** A fleet's topics are made by `genfleet setup`; the embedded bus has no other moment. Waits for a bus that is away. */
async function prepareTopics(bus: Bus, config: Config, log: Logger): Promise<void> {
  if (config.BUS_URL.startsWith('sqlite:')) return bus.ensureTopics(fleetTopics());
  for (let isFirst = true; ; isFirst = false) {
    try {
      return await requireTopics(bus);
    } catch (error) {
      if (!(error instanceof GenfleetError && error.retryable)) throw error;
      if (isFirst) log.warn({}, `waiting for the bus: ${error.message}`);
    }
    await sleep(BUS_AGAIN_MS);
  }
}

/** The sidecar of a worker pod: one subscription, one engine. Stops within its grace. */
async function start(): Promise<StopService> {
  const config = loadConfig();
  const log = createLogger({ level: config.LOG_LEVEL, service: 'worker' });
  const settings = workerSettings(config);
  const bus = await openBus(config);
  await prepareTopics(bus, config, log);
  const artifacts = await openArtifacts(config);
  const engine = await openEngine(config);
  const view = await openView({
    bus,
    file: ':memory:',
    kinds: ['txt2img'],
    log,
    now: Date.now,
    from: { atTimeMs: Date.now() },
    windowMs: VIEW_WINDOW_MS,
  });
  const registry = createRegistry();
  const worker = await startWorker({
    ...settings,
    bus,
    view,
    artifacts,
    engine,
    log: log.with({ engine: engine.name }),
    metrics: createWorkerMetrics(registry),
  });
  const health = await startHealthServer({
    host: config.HOST,
    port: config.WORKER_PORT,
    registry,
    ready: () => worker.ready(),
  });
  log.info({}, `worker ${settings.worker} takes jobs; health on port ${health.port}`);
  return async (signal) => {
    log.info({}, `${signal}: draining`);
    await worker.stop(config.DRAIN_GRACE_MS);
    await Promise.allSettled([health.close(), engine.close(), artifacts.close(), view.close()]);
    await bus.close();
  };
}

await runService('worker', start);
