import type { ImageEngine, ImageResult, ImageTask } from '@genfleet/engine';
import { type ArtifactRef, type CompletedEvent, GenfleetError, imageCount, imageSeeds } from '@genfleet/job';
import { injectContext, insideSpan, stepSpans } from '@genfleet/telemetry';
import { completedHead } from '../completed.ts';
import type { Craft, Success, Watch } from '../craft.ts';
import type { WorkerOptions } from '../options.ts';
import type { Publisher } from '../publish.ts';
import type { Run, Waiting } from '../run.ts';
import { storeFile } from '../store-file.ts';
import { batchKey } from './batch-key.ts';
import { type EncodedImage, encodeImage } from './encode-image.ts';

/** Between two progress messages of a job. */
const PROGRESS_INTERVAL_MS = 100;
/** What a preview may add to a message; larger ones are left out. */
const PREVIEW_BYTES = 100_000;

type ImageRun = Run<'txt2img'>;

export interface ImageCraftOptions {
  readonly engine: ImageEngine;
  /** Jobs generated together at most, when the engine can batch. */
  readonly batchJobs: number;
}

/** Images: one batch with the engine at a time, jobs that share model and size together. */
export class ImageCraft implements Craft<'txt2img', ImageResult> {
  readonly kind = 'txt2img';
  readonly slots = 1;
  readonly swapsModels = true;
  readonly engine: ImageEngine;
  readonly queuesNext: boolean;
  readonly batchJobs: number;
  readonly #options: WorkerOptions;
  readonly #publisher: Publisher;

  constructor({ engine, batchJobs }: ImageCraftOptions, options: WorkerOptions, publisher: Publisher) {
    this.engine = engine;
    this.queuesNext = engine.queuesNext ?? false;
    this.batchJobs = engine.maxBatchImages > 1 ? batchJobs : 1;
    this.#options = options;
    this.#publisher = publisher;
  }

  choose(waiting: readonly Waiting<'txt2img'>[]): readonly Waiting<'txt2img'>[] {
    return chooseBatch(waiting, { jobs: this.batchJobs, images: this.engine.maxBatchImages });
  }

  run(runs: readonly ImageRun[], watch: Watch) {
    return this.engine.generateImages(runs.map((run, index) => this.#task(run, index, watch)));
  }

  async complete(run: ImageRun, result: Success<ImageResult>): Promise<CompletedEvent<'txt2img'>> {
    const { request } = run;
    const seeds = imageSeeds(request.settings);
    const { images, model, modelLoadMs, generateMs } = result;
    if (images.length !== seeds.length) {
      throw new GenfleetError('engine_failed', `engine made ${images.length} of ${seeds.length} images`);
    }
    const storeStartMs = performance.now();
    const artifacts: ArtifactRef[] = [];
    for (const [index, image] of images.entries()) {
      const seed = seeds[index] ?? request.settings.seed;
      const encoded = await encodeImage(image, request.settings, seed);
      const key = artifactKey(request.id, index, seeds.length, encoded);
      const file = await storeFile(this.#options.artifacts, key, encoded.bytes, encoded.contentType);
      artifacts.push({ ...file, width: encoded.width, height: encoded.height, seed });
    }
    const store_ms = performance.now() - storeStartMs;
    const made = { model, model_load_ms: modelLoadMs, generate_ms: generateMs, store_ms };
    return { ...completedHead(this.#options, run, made), kind: 'txt2img', artifacts };
  }

  #task(run: ImageRun, index: number, watch: Watch): ImageTask {
    const { request, attempt } = run;
    const { id, redrive, settings } = request;
    const span = watch.span(index);
    const { traceparent } = insideSpan(span, injectContext);
    const drawStep = stepSpans(span, this.#options.now);
    let lastMs = -Infinity;
    return {
      id,
      settings,
      seeds: imageSeeds(settings),
      signal: run.abort.signal,
      ...(traceparent === undefined ? {} : { traceparent }),
      onProgress: ({ step, steps, previewJpeg }) => {
        watch.progressed(step / steps);
        drawStep(step, steps);
        const nowMs = performance.now();
        // engines bound their previews themselves
        if (step < steps && !previewJpeg && nowMs - lastMs < PROGRESS_INTERVAL_MS) return;
        lastMs = nowMs;
        const preview =
          previewJpeg && previewJpeg.byteLength <= PREVIEW_BYTES
            ? { preview: `data:image/jpeg;base64,${Buffer.from(previewJpeg).toString('base64')}` }
            : {};
        const progress = { type: 'progress', id, redrive, attempt, step, steps, ...preview } as const;
        this.#publisher.news(progress, 'txt2img');
      },
    };
  }
}

export interface BatchLimits {
  readonly jobs: number;
  /** Images over all jobs of a batch; a single job may ask for more. */
  readonly images: number;
}

/** The first that waits, and others that can run in the same batch. */
export function chooseBatch(
  waiting: readonly Waiting<'txt2img'>[],
  limits: BatchLimits,
): readonly Waiting<'txt2img'>[] {
  const [first, ...rest] = waiting;
  if (!first) return [];
  const batch = [first];
  let images = imageCount(first.request.settings);
  const key = batchKey(first.request.settings);
  for (const candidate of rest) {
    const more = imageCount(candidate.request.settings);
    const fits = batch.length < limits.jobs && images + more <= limits.images;
    if (!fits || batchKey(candidate.request.settings) !== key) continue;
    batch.push(candidate);
    images += more;
  }
  return batch;
}

/** `<id>.jpg`, or `<id>_<n>.jpg` from 0 when there are several: depends on the job alone. */
function artifactKey(id: string, index: number, count: number, image: EncodedImage): string {
  return count === 1 ? `${id}.${image.extension}` : `${id}_${index}.${image.extension}`;
}
