import { setTimeout as sleep } from 'node:timers/promises';
import type { GeneratedImage, ImageEngine, ImageResult, ImageTask } from '@genfleet/engine';
import { GenfleetError, type ModelInfo } from '@genfleet/job';

/** What an engine does with one run of a job. */
export const BEHAVIOURS = [
  'succeeds',
  'fails',
  'refuses',
  'runs out of memory',
  'throws',
  'hangs and obeys',
  'hangs and is deaf',
  'makes too few',
  'makes another size',
  'kills its worker',
] as const;
export type Behaviour = (typeof BEHAVIOURS)[number];

export interface Plan {
  readonly behaviour: Behaviour;
  readonly steps: number;
  readonly stepMs: number;
  /** Of the runs of this job, from 1: no two make the same picture. */
  readonly run: number;
}

export interface EngineWatch {
  /** What the next run of this job is to do; called as it begins. */
  begins(task: ImageTask): Plan;
  /** Called at each step of a run. */
  goesOn(task: ImageTask): void;
  /** The engine takes its worker with it. */
  kill(): void;
}

/** Far beyond every deadline and patience. */
const FOR_EVER_MS = 1e9;

/** Does to each run what the schedule wants of it. */
export class ScriptedEngine implements ImageEngine {
  readonly name = 'scripted';
  readonly maxBatchImages: number;
  readonly #watch: EngineWatch;

  constructor(watch: EngineWatch, maxBatchImages: number) {
    this.#watch = watch;
    this.maxBatchImages = maxBatchImages;
  }

  async generateImages(tasks: readonly ImageTask[]): Promise<readonly ImageResult[]> {
    return Promise.all(tasks.map((task) => this.#generate(task)));
  }

  async models(): Promise<readonly ModelInfo[]> {
    return ['grey', 'red'].map((name) => ({
      name,
      kind: 'txt2img',
      aliases: [],
      samplers: ['euler'],
      demo: false,
    }));
  }

  async health(): Promise<void> {}

  async close(): Promise<void> {}

  async #generate(task: ImageTask): Promise<ImageResult> {
    const plan = this.#watch.begins(task);
    const { behaviour, steps, stepMs } = plan;
    for (let step = 1; step <= steps; step++) {
      await sleep(stepMs);
      if (task.signal.aborted && behaviour !== 'hangs and is deaf') return stopped();
      this.#watch.goesOn(task);
      task.onProgress({ step, steps });
    }
    switch (behaviour) {
      case 'succeeds':
      case 'makes too few':
      case 'makes another size':
        return pictures(task, plan);
      case 'fails':
        return { ok: false, error: new GenfleetError('engine_failed', 'the engine failed') };
      case 'refuses':
        return { ok: false, error: new GenfleetError('prompt_rejected', 'the engine will not') };
      case 'runs out of memory':
        return { ok: false, error: new GenfleetError('out_of_memory', 'the engine is out of memory') };
      case 'throws':
        throw new Error('a bug in the engine');
      case 'hangs and obeys':
        await sleep(FOR_EVER_MS, undefined, { signal: task.signal }).catch(() => undefined);
        return stopped();
      case 'hangs and is deaf':
        await sleep(FOR_EVER_MS);
        return stopped();
      case 'kills its worker':
        this.#watch.kill();
        return new Promise(() => undefined);
    }
  }
}

function pictures(task: ImageTask, { behaviour, steps, stepMs, run }: Plan): ImageResult {
  const { height } = task.settings;
  const width = task.settings.width + (behaviour === 'makes another size' ? 8 : 0);
  const images = task.seeds.map((seed): GeneratedImage => {
    const bytes = new TextEncoder().encode(`${task.id} ${seed} ${run}`);
    return { encoding: 'png', width, height, bytes };
  });
  if (behaviour === 'makes too few') images.pop();
  return { ok: true, images, model: task.settings.model, modelLoadMs: 0, generateMs: steps * stepMs };
}

function stopped(): ImageResult {
  return { ok: false, error: new GenfleetError('cancelled', 'the run was stopped') };
}
