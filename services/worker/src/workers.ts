import type { Config } from '@genfleet/config';
import type { ImageEngine, TextEngine } from '@genfleet/engine';
import { GenfleetError, type Kind } from '@genfleet/job';
import type { LocalView } from '@genfleet/ledger';
import type { WorkerOptions } from './options.ts';
import { startImageWorker, startTextWorker, type Worker } from './worker.ts';
import { workerSettings } from './worker-settings.ts';

/** The engine of each kind of job that is run here. */
export interface WorkerEngines {
  readonly txt2img?: ImageEngine;
  readonly completion?: TextEngine;
}

/**
 * One worker for each kind of job that has an engine; together they are as one.
 * @throws GenfleetError `invalid_configuration` when there is no engine at all, or when the topics are missing.
 */
export async function startWorkers(
  config: Config,
  engines: WorkerEngines,
  parts: Pick<WorkerOptions, 'bus' | 'artifacts' | 'log' | 'metrics'>,
  viewOf: (kind: Kind) => Promise<LocalView>,
): Promise<Worker & { readonly name: string }> {
  const { txt2img, completion } = engines;
  const settings = workerSettings(config, parts.bus);
  const optionsFor = async (kind: Kind, engine: string): Promise<WorkerOptions> => ({
    ...settings,
    ...parts,
    log: parts.log.with({ kind, engine }),
    view: await viewOf(kind),
  });
  const workers: Worker[] = [];
  if (txt2img) {
    const craft = { engine: txt2img, batchJobs: config.WORKER_BATCH_JOBS };
    workers.push(await startImageWorker(await optionsFor('txt2img', txt2img.name), craft));
  }
  if (completion) {
    const options = await optionsFor('completion', completion.name);
    workers.push(await startTextWorker(options, { engine: completion }));
  }
  if (workers.length === 0) throw new GenfleetError('invalid_configuration', 'ENGINE_URL names no engine');
  return {
    name: settings.worker,
    ready: async () => {
      await Promise.all(workers.map((worker) => worker.ready()));
    },
    stop: async (graceMs) => {
      await Promise.all(workers.map((worker) => worker.stop(graceMs)));
    },
  };
}
