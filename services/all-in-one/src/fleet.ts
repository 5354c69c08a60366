import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import {
  openArchive,
  openArtifacts,
  openAuthenticator,
  openBus,
  openEngines,
  openLedger,
  openRateLimiter,
  openSegmentWriter,
} from '@genfleet/adapters';
import { startApi } from '@genfleet/api';
import { type Bus, fleetTopics } from '@genfleet/bus';
import { type Config, topicPolicy, viewWindows } from '@genfleet/config';
import { type Kind, newJobId } from '@genfleet/job';
import { openViews } from '@genfleet/ledger';
import { startRecorder } from '@genfleet/recorder';
import {
  createArchiveMetrics,
  createLogger,
  createRegistry,
  createWorkerMetrics,
  flushTraces,
  type Logger,
  type Registry,
} from '@genfleet/telemetry';
import { buildWeb } from '@genfleet/web';
import { startWorkers } from '@genfleet/worker';

const VIEW_FILE: Record<Kind, string> = { txt2img: 'view.db', completion: 'view-completions.db' };

export interface Fleet {
  readonly url: string;
  /** `now` hands running jobs back at once; `drain` lets them end within `DRAIN_GRACE_MS`. */
  stop(how: 'now' | 'drain'): Promise<void>;
}

/**
 * The API and one worker in this process, over whatever the URLs of the configuration name.
 * @throws GenfleetError when a backing service can't be used, Error when the address is taken.
 */
export async function startFleet(config: Config): Promise<Fleet> {
  const log = createLogger({ level: config.LOG_LEVEL, service: 'all-in-one' });
  await mkdir(config.DATA_DIR, { recursive: true });
  const bus = await openBus(config);
  const clock = () => bus.nowMs();
  await bus.ensureTopics(fleetTopics(topicPolicy(config)));
  const [artifacts, engines, webDir] = await Promise.all([
    openArtifacts(config, clock),
    openEngines(config, log),
    buildWeb(),
  ]);
  // the model is loaded while the rest starts; what is wrong with it shows in the worker's health
  void engines.txt2img?.health().catch(() => undefined);
  const fileOf = (kind: Kind) => join(config.DATA_DIR, VIEW_FILE[kind]);
  const views = await openViews({ bus, fileOf, windowsMs: viewWindows(config), log, now: clock });
  const warn = (message: string) => log.warn({}, message);
  const [authenticator, limiter] = await Promise.all([
    openAuthenticator(config, warn),
    openRateLimiter(config, warn),
  ]);
  const ledger = config.LEDGER_URL === undefined ? undefined : await openLedger(config, bus, log);
  const registry = createRegistry();
  const recorder = config.ARCHIVE ? await keepArchive(config, bus, log, registry) : undefined;
  const close = async () => {
    const closing = Object.values(views).map((view) => view.close());
    await Promise.allSettled([engines.close(), artifacts.close(), flushTraces(), ...closing]);
    await Promise.allSettled([authenticator?.close(), limiter?.close(), ledger?.close(), recorder?.close()]);
    await bus.close();
  };
  try {
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
      registry,
      webDir,
    });
    const parts = { bus, artifacts, log, metrics: createWorkerMetrics(registry) };
    const worker = await startWorkers(config, engines, parts, async (kind) => views[kind]);
    return {
      url: api.url,
      stop: async (how) => {
        await Promise.all([worker.stop(how === 'now' ? 0 : config.DRAIN_GRACE_MS), api.stop()]);
        await close();
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** A recorder in this process. @throws GenfleetError when the archive can't be used. */
async function keepArchive(config: Config, bus: Bus, log: Logger, registry: Registry) {
  const [objects, writer] = await Promise.all([openArchive(config, () => bus.nowMs()), openSegmentWriter()]);
  const recorder = startRecorder({
    ...{ bus, objects, writer, log, metrics: createArchiveMetrics(registry), now: () => bus.nowMs() },
    ...{ topics: fleetTopics(topicPolicy(config)), intervalMs: config.ARCHIVE_INTERVAL_SECONDS * 1_000 },
  });
  return {
    close: async () => {
      await recorder.stop(config.DRAIN_GRACE_MS);
      await Promise.allSettled([writer.close(), objects.close()]);
    },
  };
}
