import type { GeneratedImage, ImageResult, ImageTask } from '@genfleet/engine';
import { GenfleetError } from '@genfleet/job';
import { checkPng } from './png.ts';
import type { Line } from './protocol.ts';

const JPEG_START = Buffer.from([0xff, 0xd8]);

interface Share {
  readonly task: ImageTask;
  readonly images: (GeneratedImage | undefined)[];
  error?: GenfleetError;
}

/** What is known so far of the tasks of one request: fed with the container's lines, asked for results at the end. */
export class Batch {
  readonly #shares: Map<string, Share>;
  #done: Extract<Line, { type: 'done' }> | undefined;

  constructor(tasks: readonly ImageTask[]) {
    this.#shares = new Map(tasks.map((task) => [task.id, { task, images: task.seeds.map(() => undefined) }]));
  }

  /** Whether nothing more is to come: the last line is here, or every task failed. */
  get settled(): boolean {
    return this.#done !== undefined || [...this.#shares.values()].every((share) => share.error);
  }

  /** Tasks that may still succeed. */
  get openTasks(): ImageTask[] {
    return [...this.#shares.values()].filter((share) => !share.error).map((share) => share.task);
  }

  /** @throws GenfleetError `engine_failed` when the line cannot be true. */
  take(line: Line): void {
    switch (line.type) {
      case 'waiting':
        break;
      case 'progress':
        this.#progress(line);
        break;
      case 'image':
        this.#image(line);
        break;
      case 'error':
        for (const id of line.ids) {
          this.fail(id, new GenfleetError(line.code, line.message, { retryable: line.retryable }));
        }
        break;
      case 'done':
        this.#done = line;
    }
  }

  /** Tells tasks that wait for a model that they are not forgotten. */
  beat(): void {
    for (const { task } of this.#shares.values()) {
      if (!task.signal.aborted) task.onProgress({ step: 0, steps: task.settings.steps });
    }
  }

  /** The task's first error is its last word. */
  fail(id: string, error: GenfleetError): void {
    const share = this.#share(id);
    share.error ??= error;
  }

  /** Fails every task that has neither all its images nor an error. */
  failOpen(error: GenfleetError): void {
    for (const share of this.#shares.values()) {
      if (share.images.includes(undefined)) share.error ??= error;
    }
  }

  /** One for each task, in their order; a task without all its images has failed. */
  results(): ImageResult[] {
    this.failOpen(new GenfleetError('engine_failed', 'engine ended without making every image'));
    return [...this.#shares.values()].map(({ task, images, error }) =>
      error
        ? { ok: false, error }
        : {
            ok: true,
            images: images.filter((image) => image !== undefined),
            model: this.#done?.model ?? task.settings.model,
            modelLoadMs: this.#done?.model_load_ms ?? 0,
            generateMs: this.#done?.timings.generate_ms ?? 0,
          },
    );
  }

  #progress({ ids, step, steps, previews }: Extract<Line, { type: 'progress' }>): void {
    if (step > steps) throw new GenfleetError('engine_failed', `engine reports step ${step} of ${steps}`);
    for (const id of ids) {
      const { task, error } = this.#share(id);
      if (error || task.signal.aborted) continue;
      const preview = Buffer.from(previews?.[id] ?? '', 'base64');
      const isJpeg = preview.subarray(0, JPEG_START.length).equals(JPEG_START);
      task.onProgress({ step, steps, ...(isJpeg ? { previewJpeg: preview } : {}) });
    }
  }

  #image({ id, index, png }: Extract<Line, { type: 'image' }>): void {
    const { task, images, error } = this.#share(id);
    if (error) return;
    if (index >= images.length || images[index]) {
      throw new GenfleetError('engine_failed', `engine sent image ${index}, which nobody waits for`);
    }
    const { width, height } = task.settings;
    const bytes = Buffer.from(png, 'base64');
    checkPng(bytes, width, height);
    images[index] = { encoding: 'png', width, height, bytes };
  }

  #share(id: string): Share {
    const share = this.#shares.get(id);
    if (!share) throw new GenfleetError('engine_failed', `engine speaks of ${id}, which it was not given`);
    return share;
  }
}
