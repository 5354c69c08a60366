import { mkdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import { openArtifacts, openBus } from '@genfleet/adapters';
import { type Bus, fleetTopics, requireTopics } from '@genfleet/bus';
import { type Config, loadConfig } from '@genfleet/config';
import { GenfleetError, newJobId } from '@genfleet/job';
import { openView } from '@genfleet/ledger';
import { createLogger, createRegistry, type Logger, runService, type StopService } from '@genfleet/telemetry';
import { startApi } from './server.ts';

/**
 * A fleet's topics are made by `genfleet setup`; the embedded bus has no other moment. A bus that is away does not
 * keep the API from starting: it answers 503 until the bus is there.
 */
async function prepareTopics(bus: Bus, config: Config, log: Logger): Promise<void> {
  if (config.BUS_URL.startsWith('sqlite:')) return bus.ensureTopics(fleetTopics());
  try {
    await requireTopics(bus);
  } catch (error) {
    if (!(error instanceof GenfleetError && error.retryable)) throw error;
    log.warn({}, `the bus is away; requests are answered with 503 until it is there: ${error.message}`);
  }
}

/** One replica of the API. Stops within its grace. */
async function start(): Promise<StopService> {
  const config = loadConfig();
  const log = createLogger({ level: config.LOG_LEVEL, service: 'api' });
  const bus = await openBus(config);
  await prepareTopics(bus, config, log);
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
  return async (signal) => {
    log.info({}, `${signal}: finishing what is in flight`);
    await api.stop();
    await Promise.allSettled([artifacts.close(), view.close()]);
    await bus.close();
  };
}

await runService('api', start);
