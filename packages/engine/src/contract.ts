import type { ModelInfo, Txt2ImgSettings } from '@genfleet/job';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { GeneratedImage, ImageEngine, ImageResult, ImageTask, StepProgress } from './engine.ts';

export interface EngineContract {
  /** Starts the engine; called once. */
  create(): Promise<ImageEngine>;
  /** A small job that the engine can run: the suite varies it. */
  readonly settings: Pick<Txt2ImgSettings, 'model' | 'prompt' | 'width' | 'height' | 'steps'>;
  /** What an adapter can't have, with the reason; the skipped test shows it. */
  readonly lacks?: { readonly batches?: string };
}

const RUN_MS = 120_000;

/** The law of the Engine port. Every adapter runs it against the real engine. */
export function describeEngineContract(name: string, contract: EngineContract): void {
  describe(`engine contract: ${name}`, () => {
    let engine: ImageEngine;
    let taskCount = 0;

    beforeAll(async () => {
      engine = await contract.create();
    }, RUN_MS);
    afterAll(async () => {
      await engine?.close();
    });

    function task(settings: Partial<Txt2ImgSettings> = {}, more: Partial<ImageTask> = {}): ImageTask {
      const full: Txt2ImgSettings = {
        negative_prompt: '',
        seed: 7,
        sampler_name: 'euler',
        batch_size: 1,
        n_iters: 1,
        cfg_scale: 5,
        ...contract.settings,
        ...settings,
      };
      taskCount += 1;
      return {
        id: `task-${taskCount}`,
        settings: full,
        seeds: [full.seed],
        signal: new AbortController().signal,
        onProgress: () => undefined,
        ...more,
      };
    }

    async function images(settings: Partial<Txt2ImgSettings> = {}, more: Partial<ImageTask> = {}) {
      const [result] = await engine.generateImages([task(settings, more)]);
      return succeeded(result);
    }

    it(
      'answers for its health and names its models',
      async () => {
        await engine.health();
        const all: readonly ModelInfo[] = await engine.models();
        const models = all.filter((model) => model.kind === 'txt2img');
        const known = models.flatMap((model) => [model.name, ...model.aliases]);
        expect(known).toContain(contract.settings.model);
        expect(models.every((model) => model.samplers.length > 0)).toBe(true);
      },
      RUN_MS,
    );

    it(
      'makes one picture per seed of exactly the size asked for',
      async () => {
        const made = await images({ seed: 3, batch_size: 2 }, { seeds: [3, 4] });
        expect(made.map(({ width, height }) => [width, height])).toEqual([
          [contract.settings.width, contract.settings.height],
          [contract.settings.width, contract.settings.height],
        ]);
        expect(sameBytes(made[0], made[1])).toBe(false);
        const wide = await images({ width: contract.settings.width + 64 });
        expect(wide[0]?.width).toBe(contract.settings.width + 64);
      },
      RUN_MS,
    );

    it(
      'gives the same bytes for the same request, and others for another seed',
      async () => {
        const [a] = await images({ seed: 2 ** 53 - 1 });
        const [b] = await images({ seed: 2 ** 53 - 1 });
        const [c] = await images({ seed: 2 ** 53 - 2 });
        expect(sameBytes(a, b)).toBe(true);
        expect(sameBytes(a, c)).toBe(false);
      },
      RUN_MS,
    );

    it.each([
      ['prompt', { prompt: 'a yellow star' }],
      ['negative prompt', { negative_prompt: 'a green background' }],
      ['cfg scale', { cfg_scale: 1.5 }],
      ['steps', { steps: 3 }],
      ['sampler', { sampler_name: 'euler_a' }],
      ['another sampler', { sampler_name: 'dpmpp_2m' }],
    ] satisfies [string, Partial<Txt2ImgSettings>][])(
      'lets the %s change the picture',
      async (_, change) => {
        const [plain] = await images({ seed: 11 });
        const [changed] = await images({ seed: 11, ...change });
        expect(sameBytes(plain, changed)).toBe(false);
      },
      RUN_MS,
    );

    it(
      'reports each step once, in order, up to the last',
      async () => {
        const seen: StepProgress[] = [];
        await images({ steps: 4 }, { onProgress: (progress) => seen.push(progress) });
        const steps = seen.map(({ step }) => step);
        expect(steps).toEqual([...new Set(steps)].sort((a, b) => a - b));
        expect(seen.at(-1)).toMatchObject({ step: seen.at(-1)?.steps });
        expect(seen.length).toBeGreaterThanOrEqual(3);
      },
      RUN_MS,
    );

    it(
      'stops within a step when told to, and works on afterwards',
      async () => {
        const abort = new AbortController();
        let stepsAfterAbort = 0;
        const onProgress = () => {
          if (abort.signal.aborted) stepsAfterAbort += 1;
          abort.abort('cancelled');
        };
        const [result] = await engine.generateImages([
          task({ steps: 100, width: 128, height: 128 }, { signal: abort.signal, onProgress }),
        ]);
        expect(result).toMatchObject({ ok: false, error: { code: 'cancelled' } });
        expect(stepsAfterAbort).toBeLessThanOrEqual(2);
        expect(await images()).toHaveLength(1);
      },
      RUN_MS,
    );

    it(
      'does not start what was cancelled before',
      async () => {
        const [result] = await engine.generateImages([task({}, { signal: AbortSignal.abort('cancelled') })]);
        expect(result).toMatchObject({ ok: false, error: { code: 'cancelled', retryable: false } });
      },
      RUN_MS,
    );

    it(
      'refuses an unknown model for good, with the list of those there are',
      async () => {
        const [result] = await engine.generateImages([task({ model: 'no-such-model' })]);
        expect(result).toMatchObject({ ok: false, error: { code: 'model_not_found', retryable: false } });
        const [model] = await engine.models();
        expect(failed(result).message).toContain(model?.name);
      },
      RUN_MS,
    );

    it(
      'refuses an unknown sampler for good',
      async () => {
        const [result] = await engine.generateImages([task({ sampler_name: 'no-such-sampler' })]);
        expect(result).toMatchObject({ ok: false, error: { code: 'invalid_settings', retryable: false } });
      },
      RUN_MS,
    );

    const lacking = contract.lacks?.batches;
    (lacking === undefined ? it : it.skip)(
      `runs several jobs as one batch, each as if it were alone${lacking === undefined ? '' : ` (not here: ${lacking})`}`,
      async () => {
        const abort = new AbortController();
        const tasks = [
          task({ seed: 21, prompt: 'a red circle' }),
          task({ seed: 22 }, { signal: abort.signal, onProgress: () => abort.abort('cancelled') }),
          task({ seed: 23, prompt: 'a blue square' }),
        ];
        const [first, cancelled, last] = await engine.generateImages(tasks);
        expect(cancelled).toMatchObject({ ok: false, error: { code: 'cancelled' } });
        expect(succeeded(first)).toHaveLength(1);
        expect(succeeded(last)).toHaveLength(1);
        expect(sameBytes(succeeded(first)[0], succeeded(last)[0])).toBe(false);
      },
      RUN_MS,
    );
  });
}

function succeeded(result: ImageResult | undefined): readonly GeneratedImage[] {
  if (!result?.ok) throw result?.error ?? new Error('the engine gave no result');
  return result.images;
}

function failed(result: ImageResult | undefined): Error {
  if (!result || result.ok) throw new Error('the engine did not fail');
  return result.error;
}

function sameBytes(a: GeneratedImage | undefined, b: GeneratedImage | undefined): boolean {
  return (
    a !== undefined && b !== undefined && Buffer.compare(Buffer.from(a.bytes), Buffer.from(b.bytes)) === 0
  );
}

export { describeTextEngineContract, type TextEngineContract } from './text-contract.ts';
