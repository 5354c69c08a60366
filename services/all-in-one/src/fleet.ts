import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { openArtifacts, openBus, openEngine } from '@genfleet/adapters';
import { startApi } from '@genfleet/api';
import { fleetTopics } from '@genfleet/bus';
import type { Config } from '@genfleet/config';
import { newJobId } from '@genfleet/job';
import { openView } from '@genfleet/ledger';
import { createLogger, createRegistry, createWorkerMetrics, flushTraces } from '@genfleet/telemetry';
import { buildWeb } from '@genfleet/web';
import { startWorker, workerSettings } from '@genfleet/worker';

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
  await bus.ensureTopics(fleetTopics());
  const [artifacts, engine, webDir] = await Promise.all([
    openArtifacts(config),
    openEngine(config),
    buildWeb(),
  ]);
  // the model is loaded while the rest starts; what is wrong with it shows in the worker's health
  void engine.health().catch(() => undefined);
  const view = await openView({
    bus,
    file: join(config.DATA_DIR, 'view.db'),
    kinds: ['txt2img'],
    log,
    now: Date.now,
  });
  const registry = createRegistry();
  const close = async () => {
    await Promise.allSettled([engine.close(), view.close(), artifacts.close(), flushTraces()]);
    await bus.close();
  };
  try {
    const api = await startApi({
      bus,
      view,
      artifacts,
      config,
      log,
      clock: Date.now,
      newId: newJobId,
      registry,
      webDir,
    });
    const worker = await startWorker({
      ...workerSettings(config),
      bus,
      view,
      artifacts,
      engine,
      log: log.with({ engine: engine.name }),
      metrics: createWorkerMetrics(registry),
    });
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
