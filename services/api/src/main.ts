import { mkdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import {
  openArtifacts,
  openAuthenticator,
  openBus,
  openLedger,
  openRateLimiter,
  prepareTopics,
} from '@genfleet/adapters';
import { loadConfig, viewWindows } from '@genfleet/config';
import { type Kind, newJobId } from '@genfleet/job';
import { openViews } from '@genfleet/ledger';
import { createLogger, createRegistry, runService, type StopService } from '@genfleet/telemetry';
import { startApi } from './server.ts';

/** The file of images is the older one: it keeps its name. */
const VIEW_SUFFIX: Record<Kind, string> = { txt2img: '', completion: '-completions' };

/** One replica of the API. Stops within its grace. */
async function start(): Promise<StopService> {
  const config = loadConfig();
  const log = createLogger({ level: config.LOG_LEVEL, service: 'api' });
  const bus = await openBus(config);
  const away = await prepareTopics(bus, config);
  if (away)
    log.warn({}, `the bus is away; requests are answered with 503 until it is there: ${away.message}`);
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
