import { mkdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import { openArtifacts, openBus } from '@genfleet/adapters';
import { fleetTopics } from '@genfleet/bus';
import { loadConfig } from '@genfleet/config';
import { newJobId } from '@genfleet/job';
import { openView } from '@genfleet/ledger';
import { createLogger, createRegistry, flushTraces } from '@genfleet/telemetry';
import { startApi } from './server.ts';

/** One replica of the API. Stops on SIGTERM within its grace; a second signal ends it at once. */
const config = loadConfig();
const log = createLogger({ level: config.LOG_LEVEL, service: 'api' });

const bus = await openBus(config);
// a fleet's topics are made by `genfleet setup`; the embedded bus has no other moment
if (config.BUS_URL.startsWith('sqlite:')) await bus.ensureTopics(fleetTopics());
const artifacts = await openArtifacts(config);
await mkdir(config.DATA_DIR, { recursive: true });
// a file per port: two replicas on one machine must not share the cache
const file = resolve(config.DATA_DIR, `view-api-${config.PORT}.db`);
const view = await openView({ bus, file, kinds: ['txt2img'], log, now: Date.now });
const api = await startApi({
  bus,
  view,
  artifacts,
  config,
  log,
  clock: Date.now,
  newId: newJobId,
  registry: createRegistry(),
  ...(config.WEB_DIR === undefined ? {} : { webDir: resolve(config.WEB_DIR) }),
});

let stopping = false;
async function stop(signal: string): Promise<void> {
  if (stopping) process.exit(1);
  stopping = true;
  log.info({}, `${signal}: finishing what is in flight`);
  await api.stop();
  await Promise.allSettled([artifacts.close(), view.close(), flushTraces()]);
  await bus.close();
  process.exit(0);
}
process.on('SIGTERM', stop);
process.on('SIGINT', stop);
