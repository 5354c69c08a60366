import { setTimeout as sleep } from 'node:timers/promises';
import type { GeneratedImage, ImageEngine, ImageResult, ImageTask } from '@genfleet/engine';
import { GenfleetError, type ModelInfo } from '@genfleet/job';

/** What a run does: a result, or steps of so many ms each that end in a grey picture per seed. */
export type Script = (task: ImageTask, run: number) => Promise<ImageResult>;

/** Stands beside the real engines, to make them fail on demand: it does what the test's script says. */
export class ScriptedEngine implements ImageEngine {
  readonly name = 'scripted';
  readonly maxBatchImages: number;
  /** Ids of each batch that was asked for, in order. */
  readonly batches: string[][] = [];
  readonly #script: Script;
  readonly #models: readonly string[];

  constructor(script: Script, maxBatchImages = 1, models: readonly string[] = ['grey']) {
    this.#script = script;
    this.#models = models;
    this.maxBatchImages = maxBatchImages;
  }

  async generateImages(tasks: readonly ImageTask[]): Promise<readonly ImageResult[]> {
    this.batches.push(tasks.map((task) => task.id));
    return Promise.all(tasks.map((task) => this.#script(task, this.batches.length)));
  }

  async models(): Promise<readonly ModelInfo[]> {
    return this.#models.map((name) => ({
      name,
      kind: 'txt2img',
      aliases: [],
      samplers: ['euler'],
      demo: false,
    }));
  }

  async health(): Promise<void> {}

  async close(): Promise<void> {}
}

/** A grey picture per seed after `steps` steps of `stepMs`; obeys its signal between steps. */
export async function greyPictures(task: ImageTask, steps: number, stepMs: number): Promise<ImageResult> {
  const startMs = performance.now();
  for (let step = 1; step <= steps; step += 1) {
    await sleep(stepMs);
    if (task.signal.aborted) return failure(new GenfleetError('cancelled', 'the run was stopped'));
    task.onProgress({ step, steps });
  }
  const { width, height } = task.settings;
  const grey = new Uint8Array(width * height * 3).fill(128);
  const images: GeneratedImage[] = task.seeds.map(() => ({ encoding: 'rgb', width, height, bytes: grey }));
  return { ok: true, images, model: 'grey', modelLoadMs: 0, generateMs: performance.now() - startMs };
}

export function failure(error: GenfleetError): ImageResult {
  return { ok: false, error };
}
