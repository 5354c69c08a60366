import { mkdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import { openArtifacts, openAuthenticator, openBus, openLedger, openRateLimiter } from '@genfleet/adapters';
import { type Bus, fleetTopics, requireTopics } from '@genfleet/bus';
import { type Config, loadConfig, topicPolicy, viewWindows } from '@genfleet/config';
import { GenfleetError, type Kind, newJobId } from '@genfleet/job';
import { openViews } from '@genfleet/ledger';
import { createLogger, createRegistry, type Logger, runService, type StopService } from '@genfleet/telemetry';
import { startApi } from './server.ts';

/** The file of images is the older one: it keeps its name. */
const VIEW_SUFFIX: Record<Kind, string> = { txt2img: '', completion: '-completions' };

/**
 * A fleet's topics are made by `genfleet setup`; the embedded bus has no other moment. A bus that is away does not
 * keep the API from starting: it answers 503 until the bus is there.
 */
async function prepareTopics(bus: Bus, config: Config, log: Logger): Promise<void> {
  if (config.BUS_URL.startsWith('sqlite:')) return bus.ensureTopics(fleetTopics(topicPolicy(config)));
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
  const clock = () => bus.nowMs();
  const artifacts = await openArtifacts(config, clock);
  await mkdir(config.DATA_DIR, { recursive: true });
  // files per port: two replicas on one machine must not share the cache
  const fileOf = (kind: Kind) => resolve(config.DATA_DIR, `view-api-${config.PORT}${VIEW_SUFFIX[kind]}.db`);
  const views = await openViews({ bus, fileOf, windowsMs: viewWindows(config), log, now: clock });
  const warn = (message: string) => log.warn({}, message);
  const [authenticator, limiter] = await Promise.all([
    openAuthenticator(config, warn),
    openRateLimiter(config, warn),
  ]);
  const ledger = config.LEDGER_URL === undefined ? undefined : await openLedger(config, bus, log);
  const api = await startApi({
    bus,
    views,
    ledger,
    artifacts,
    authenticator,
    limiter,
    config,
    log,
    clock,
    newId: newJobId,
    registry: createRegistry(),
    ...(config.WEB_DIR === undefined ? {} : { webDir: resolve(config.WEB_DIR) }),
  });
  return async (signal) => {
    log.info({}, `${signal}: finishing what is in flight`);
    await api.stop();
    await Promise.allSettled([artifacts.close(), views.txt2img.close(), views.completion.close()]);
    await Promise.allSettled([authenticator?.close(), limiter?.close(), ledger?.close()]);
    await bus.close();
  };
}

await runService('api', start);
