import type { ImageEngine, ImageResult, ImageTask, TextEngine, TextResult, TextTask } from '@genfleet/engine';
import { GenfleetError, type ModelInfo } from '@genfleet/job';
import { EngineChild } from './engine-child.ts';
import type { Timings } from './protocol.ts';
import { TEXTS_AT_ONCE } from './text-limits.ts';

/** The demo models, one for pictures and one for code, in a process of their own. */
export class EmbeddedEngine implements ImageEngine, TextEngine {
  readonly name = 'embedded';
  /** Pictures are made one after the other: on a CPU a batch is no faster. */
  readonly maxBatchImages = 1;
  readonly maxConcurrentTexts = TEXTS_AT_ONCE;
  readonly #child = new EngineChild();

  async models(): Promise<readonly ModelInfo[]> {
    return this.#child.start();
  }

  async health(): Promise<void> {
    await this.#child.start();
  }

  async generateImages(tasks: readonly ImageTask[]): Promise<readonly ImageResult[]> {
    const results: ImageResult[] = [];
    for (const task of tasks) results.push(await this.#draw(task));
    return results;
  }

  async generateText({ settings, signal, onDelta }: TextTask): Promise<TextResult> {
    const askedMs = performance.now();
    return this.#child
      .run<TextResult>(
        (id) => ({ type: 'generate-text', id, settings }),
        signal,
        (message) => {
          if (message.type === 'delta' && !signal.aborted) onDelta(message.delta);
          if (message.type !== 'written') return undefined;
          const { finishReason, usage, model } = message;
          return { ok: true, finishReason, usage, model, ...timesSince(askedMs, message) };
        },
      )
      .catch(failed);
  }

  async close(): Promise<void> {
    await this.#child.close();
  }

  async #draw({ settings, seeds, signal, onProgress }: ImageTask): Promise<ImageResult> {
    const askedMs = performance.now();
    return this.#child
      .run<ImageResult>(
        (id) => ({ type: 'generate', id, settings, seeds }),
        signal,
        (message) => {
          if (message.type === 'progress') onProgress(message);
          if (message.type !== 'done') return undefined;
          const { model } = message;
          const images = message.images.map((image) => ({ encoding: 'rgb' as const, ...image }));
          return { ok: true, images, model, ...timesSince(askedMs, message) };
        },
      )
      .catch(failed);
  }
}

/** Of the loading, which begins with the process, what the asker waited for. */
function timesSince(askedMs: number, { modelLoadMs, generateMs }: Timings) {
  const waitedMs = Math.max(0, performance.now() - askedMs - generateMs);
  return { modelLoadMs: Math.min(modelLoadMs, waitedMs), generateMs };
}

function failed(thrown: unknown): { readonly ok: false; readonly error: GenfleetError } {
  return { ok: false, error: GenfleetError.from(thrown, 'engine_failed') };
}
