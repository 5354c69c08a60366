import type { ImageEngine, ImageResult, ImageTask } from '@genfleet/engine';
import { GenfleetError, type ModelInfo } from '@genfleet/job';
import type { z } from 'zod';
import { readAnswer, refusalOf, unreachable } from './answers.ts';
import { generate } from './generate.ts';
import { modelsSchema, readySchema } from './protocol.ts';
import { send } from './send.ts';

export interface DiffusersOptions {
  /** Where the container listens: `http://127.0.0.1:8100`. */
  readonly url: string;
  /** Until the container accepts a request. Default 30 s: loading a model can hold it up. */
  readonly connectTimeoutMs?: number;
  /** Between two steps. A run that stands still for longer has failed. Default 120 s. */
  readonly stepTimeoutMs?: number;
  /** For a model to be loaded and the device to be free. Default 10 min. */
  readonly waitTimeoutMs?: number;
  /** Of each picture at most while it is drawn. Default 4; 0 for none. */
  readonly previews?: number;
}

const DEFAULTS = { connectTimeoutMs: 30_000, stepTimeoutMs: 120_000, waitTimeoutMs: 600_000, previews: 4 };

/**
 * The engine that drives services/model-diffusers over HTTP. Nothing is asked of the container before it is needed.
 * @throws GenfleetError `invalid_configuration` for a URL that is none.
 */
export function openDiffusersEngine(options: DiffusersOptions): ImageEngine {
  const url = baseUrl(options.url);
  const settings = { ...DEFAULTS, ...options };
  const closed = new AbortController();
  let maxBatchImages = 1;

  async function ask<T extends z.ZodType>(path: string, schema: T, alsoGood?: number): Promise<z.output<T>> {
    const signal = AbortSignal.any([closed.signal, AbortSignal.timeout(settings.connectTimeoutMs)]);
    try {
      const answer = await send(new URL(path, url), { signal });
      if (![200, alsoGood].includes(answer.statusCode)) throw await refusalOf(answer);
      return await readAnswer(answer, schema);
    } catch (thrown) {
      throw unreachable(signal.aborted ? signal.reason : thrown, url);
    }
  }

  async function runnable(tasks: readonly ImageTask[]): Promise<readonly ImageResult[]> {
    if (closed.signal.aborted) {
      const error = GenfleetError.from(closed.signal.reason, 'closed');
      return tasks.map(() => ({ ok: false, error }));
    }
    return generate({ ...settings, url, closed: closed.signal }, tasks);
  }

  return {
    name: 'diffusers',
    queuesNext: true,
    /** 1 until `models` has told what the container's device takes. */
    get maxBatchImages() {
      return maxBatchImages;
    },
    generateImages: runnable,
    async models(): Promise<readonly ModelInfo[]> {
      const { models, samplers, batch_images } = await ask('models', modelsSchema);
      maxBatchImages = batch_images;
      return models.map(({ name, aliases, demo }) => ({ name, kind: 'txt2img', aliases, samplers, demo }));
    },
    async health(): Promise<void> {
      const { ready, reasons } = await ask('health/ready', readySchema, 503);
      if (!ready) throw new GenfleetError('engine_unreachable', `engine is not ready: ${reasons.join(', ')}`);
    },
    async close(): Promise<void> {
      closed.abort(new GenfleetError('closed', 'engine was closed'));
    },
  };
}

function baseUrl(text: string): URL {
  const url = URL.parse(text);
  if (!url || !['http:', 'https:'].includes(url.protocol)) {
    throw new GenfleetError('invalid_configuration', `engine needs an http: or https: address, not ${text}`);
  }
  if (!url.pathname.endsWith('/')) url.pathname += '/';
  return url;
}
