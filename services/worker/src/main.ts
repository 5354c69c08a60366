import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { openArtifacts, openBus, openEngine } from '@genfleet/adapters';
import { fleetTopics } from '@genfleet/bus';
import { loadConfig } from '@genfleet/config';
import { openView } from '@genfleet/ledger';
import { createLogger, createRegistry, createWorkerMetrics, flushTraces } from '@genfleet/telemetry';
import { startHealthServer } from './health-server.ts';
import { startWorker } from './worker.ts';

/** The sidecar of a worker pod: one subscription, one engine. Stops on SIGTERM within its grace. */
const config = loadConfig();
const log = createLogger({ level: config.LOG_LEVEL, service: 'worker' });
const name = `${hostname()}-${process.pid}-${randomUUID().slice(0, 8)}`;

const bus = await openBus(config);
// a fleet's topics are made by `genfleet setup`; the embedded bus has no other moment
if (config.BUS_URL.startsWith('sqlite:')) await bus.ensureTopics(fleetTopics());
const artifacts = await openArtifacts(config);
const engine = await openEngine(config);
const view = await openView({
  bus,
  file: ':memory:',
  kinds: ['txt2img'],
  log,
  now: Date.now,
  from: { atTimeMs: Date.now() },
});
const registry = createRegistry();
const worker = await startWorker({
  kind: 'txt2img',
  worker: name,
  bus,
  view,
  artifacts,
  engine,
  log: log.with({ engine: engine.name }),
  metrics: createWorkerMetrics(registry),
  now: Date.now,
  newClaim: randomUUID,
  batchJobs: config.WORKER_BATCH_JOBS,
  backoffMs: config.RETRY_BACKOFF_MS,
  engineIdleTimeoutMs: config.ENGINE_IDLE_TIMEOUT_MS,
});
const health = await startHealthServer({
  host: config.HOST,
  port: config.WORKER_PORT,
  registry,
  ready: () => worker.ready(),
});
log.info({}, `worker ${name} takes jobs; health on port ${health.port}`);

let stopping = false;
async function stop(signal: string): Promise<void> {
  if (stopping) process.exit(1);
  stopping = true;
  log.info({}, `${signal}: draining`);
  await worker.stop(config.DRAIN_GRACE_MS);
  await Promise.allSettled([health.close(), engine.close(), artifacts.close(), view.close(), flushTraces()]);
  await bus.close();
  process.exit(0);
}
process.on('SIGTERM', stop);
process.on('SIGINT', stop);
