import type { ImageTask } from '@genfleet/engine';
import type { LocalView } from '@genfleet/ledger';
import { createRegistry, createWorkerMetrics } from '@genfleet/telemetry';
import { startImageWorker, type Worker } from '@genfleet/worker';
import type { Incarnation } from './incarnation.ts';
import type { Random } from './random.ts';
import { type Plan, ScriptedEngine } from './scripted-engine.ts';
import type { World } from './world.ts';

const metrics = createWorkerMetrics(createRegistry());

export interface WorkerSettings {
  readonly batchJobs: number;
  readonly maxBatchImages: number;
  readonly backoffMs: readonly number[];
  readonly engineIdleTimeoutMs: number;
}

export interface WorkerProcess {
  readonly worker: Worker;
  readonly view: LocalView;
}

/** Starts the product's worker inside the world. Rejects when it can't start; its process then ends. */
export async function startWorkerProcess(
  world: World,
  owner: Incarnation,
  settings: WorkerSettings,
  engine: { readonly planOf: (task: ImageTask) => Plan; readonly kill: () => void },
): Promise<WorkerProcess> {
  const { oracle, options } = world;
  const { bus, store, view, log, now } = await world.surround(owner);
  const mutated = options.mutant?.worker?.({ bus, artifacts: store, view, worker: owner.label });
  const witness = { worker: owner, job: (id: string) => view.job(id) };
  const scripted = new ScriptedEngine(
    {
      begins: (task) => {
        oracle.runBegins({ ...witness, task });
        return engine.planOf(task);
      },
      goesOn: (task) => oracle.runGoesOn({ ...witness, task }),
      kill: engine.kill,
    },
    settings.maxBatchImages,
  );
  let claims = 0;
  const workerOptions = {
    worker: owner.label,
    bus,
    view,
    artifacts: store,
    log,
    metrics,
    now,
    newClaim: () => `${owner.label}-${++claims}`,
    backoffMs: settings.backoffMs,
    engineIdleTimeoutMs: settings.engineIdleTimeoutMs,
    scheduling: { weights: {}, patienceMs: 60_000 },
    ...mutated,
  };
  const worker = await startImageWorker(workerOptions, { engine: scripted, batchJobs: settings.batchJobs });
  return { worker, view };
}

export function drawWorkerSettings(random: Random): WorkerSettings {
  return {
    batchJobs: random.int(1, 3),
    maxBatchImages: random.pick([1, 4]),
    backoffMs: [200, 1_000, 3_000],
    engineIdleTimeoutMs: 5_000,
  };
}
