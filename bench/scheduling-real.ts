/**
 * Three real workers, each with a view of its own, on the embedded bus, and four models that take time to load: what
 * they do with a trace, beside what the simulation of bench/scheduling.ts says of the same arrivals, as the ledger
 * recorded them. Only the engine is a stand-in: it sleeps. Run: node bench/scheduling-real.ts [--record trace.jsonl]
 */
import { writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { ImageTask } from '../packages/engine/src/index.ts';
import { type JobState, statusOf } from '../packages/job/src/index.ts';
import { openView } from '../packages/ledger/src/index.ts';
import { createLogger } from '../packages/telemetry/src/index.ts';
import { failure, greyPictures, ScriptedEngine } from '../services/worker/test/scripted-engine.ts';
import { createRig, type Rig } from '../services/worker/test/worker-rig.ts';
import { figuresOf, type Served } from './scheduling/figures.ts';
import { SimulatedFleet } from './scheduling/fleet.ts';
import { type Arrival, synthesize } from './scheduling/trace.ts';

const { values } = parseArgs({ options: { record: { type: 'string' } } });
const WORKERS = 3;
const LOAD_MS = 500;
const PATIENCE_MS = 10_000;
const MODELS = ['model-1', 'model-2', 'model-3', 'model-4'];

const wanted = synthesize({
  ...{ jobs: 400, perSecond: 11, burst: 8, models: MODELS.length, meanRunMs: 120, seed: 5 },
  tenants: { a: 4, b: 1, c: 1 },
  priorities: { high: 0.1, normal: 0.8, low: 0.1 },
});

/** One model in memory, as a GPU has it. The seed says how long a run takes. */
function engine(): ScriptedEngine {
  let loaded = '';
  return new ScriptedEngine(
    async (task: ImageTask) => {
      const { model, seed } = task.settings;
      const modelLoadMs = model === loaded ? 0 : LOAD_MS;
      await sleep(modelLoadMs);
      loaded = model;
      const result = await greyPictures(task, 1, seed);
      return result.ok ? { ...result, model, modelLoadMs } : failure(result.error);
    },
    1,
    MODELS,
  );
}

async function serve(rig: Rig): Promise<readonly JobState[]> {
  const log = createLogger({ level: 'warn', service: 'bench' });
  const views = await Promise.all(
    Array.from({ length: WORKERS }, () =>
      openView({ bus: rig.bus, file: ':memory:', kinds: ['txt2img'], log, now: Date.now }),
    ),
  );
  const scheduling = { weights: {}, patienceMs: PATIENCE_MS };
  for (const view of views) await rig.start(engine(), { view, scheduling, batchJobs: 1 });
  const startMs = performance.now();
  const ids: string[] = [];
  for (const { atMs, tenant, model, priority, runMs } of wanted) {
    await sleep(Math.max(0, startMs + atMs - performance.now()));
    ids.push(await rig.request({ model, seed: Math.round(runMs) }, { priority }, tenant));
  }
  const states = await Promise.all(ids.map((id) => ended(rig, id)));
  await Promise.all(views.map((view) => view.close()));
  return states;
}

async function ended(rig: Rig, id: string): Promise<JobState> {
  for (;;) {
    const state = rig.view.job(id);
    if (state && statusOf(state) === 'completed') return state;
    await sleep(100);
  }
}

/** What the ledger says of a job. */
function served({ request, starts, outcome }: JobState): Served {
  const [start] = starts;
  if (request?.kind !== 'txt2img' || !start || outcome?.type !== 'completed') throw new Error('not served');
  const { timings, worker } = outcome.event;
  const atMs = Date.parse(request.request_time);
  const arrival: Arrival = {
    atMs,
    tenant: request.tenant,
    model: request.settings.model,
    priority: request.priority ?? 'normal',
    runMs: timings.generate_ms,
  };
  const startMs = atMs + timings.queued_ms;
  const endMs = startMs + timings.model_load_ms + timings.generate_ms;
  return { arrival, worker, startMs, endMs, swapped: timings.model_load_ms > 0 };
}

function row(name: string, jobs: readonly Served[]) {
  const { swapsPerJob, p50WaitMs, p99WaitMs, highP99WaitMs, jain, makespanMs } = figuresOf(jobs);
  return {
    run: name,
    'swaps/job': Number(swapsPerJob.toFixed(3)),
    'p50 wait s': Number((p50WaitMs / 1_000).toFixed(2)),
    'p99 wait s': Number((p99WaitMs / 1_000).toFixed(2)),
    'high p99 s': Number(((highP99WaitMs ?? 0) / 1_000).toFixed(2)),
    Jain: Number(jain.toFixed(2)),
    'done after s': Number((makespanMs / 1_000).toFixed(1)),
  };
}

const rig = await createRig();
const real = (await serve(rig)).map(served).sort((a, b) => a.arrival.atMs - b.arrival.atMs);
await rig.close();
const beginMs = real[0]?.arrival.atMs ?? 0;
const recorded = real.map(({ arrival }) => ({ ...arrival, atMs: arrival.atMs - beginMs }));
if (values.record) writeFileSync(values.record, recorded.map((line) => `${JSON.stringify(line)}\n`).join(''));
const rules = { workers: WORKERS, loadMs: LOAD_MS, lagMs: 20, patienceMs: PATIENCE_MS, weights: {} };
console.table([
  row('real, genfleet', real),
  row('simulated, genfleet', new SimulatedFleet({ ...rules, discipline: 'genfleet' }).run(recorded)),
  row('simulated, fifo', new SimulatedFleet({ ...rules, discipline: 'fifo' }).run(recorded)),
]);
