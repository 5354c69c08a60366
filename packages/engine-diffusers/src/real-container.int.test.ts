import { cpSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { ImageEngine, ImageResult, ImageTask, StepProgress } from '@genfleet/engine';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  type ModelContainer,
  providePython,
  startModelContainer,
} from '../../../tools/provision/model-container.ts';
import { openDiffusersEngine } from './index.ts';

const MINUTES_MS = 15 * 60_000;
const python = await providePython();

function task(
  id: string,
  settings: Partial<ImageTask['settings']>,
  more: Partial<ImageTask> = {},
): ImageTask {
  const full = {
    prompt: 'a red circle',
    negative_prompt: '',
    seed: 1,
    sampler_name: 'euler',
    batch_size: 1,
    n_iters: 1,
    steps: 3,
    cfg_scale: 5,
    width: 64,
    height: 64,
    model: 'tiny',
    ...settings,
  };
  const signal = new AbortController().signal;
  return { id, settings: full, seeds: [full.seed], signal, onProgress: () => undefined, ...more };
}

if (typeof python !== 'string') {
  it.skip(`the real container (${python.missing})`, () => undefined);
} else {
  describe('the real container', () => {
    let container: ModelContainer;
    let engine: ImageEngine;

    beforeAll(async () => {
      container = await startModelContainer(python);
      engine = openDiffusersEngine({ url: container.url });
    }, MINUTES_MS);
    afterAll(async () => {
      await engine?.close();
      await container?.destroy();
    });

    it(
      'makes as many images as a job may have, and says how it got on',
      async () => {
        const seeds = Array.from({ length: 256 }, (_, index) => index);
        const last = { step: 0, steps: 0 };
        const onProgress = (progress: { step: number; steps: number }) => Object.assign(last, progress);
        const [result] = await engine.generateImages([task('many', { steps: 1 }, { seeds, onProgress })]);
        expect(result).toMatchObject({ ok: true, model: 'tiny' });
        if (!result?.ok) return;
        expect(new Set(result.images.map(({ bytes }) => Buffer.from(bytes).toString('base64'))).size).toBe(
          256,
        );
        expect(last).toMatchObject({ step: 256, steps: 256 });
      },
      MINUTES_MS,
    );

    it(
      'takes the next run at the last step of one, and makes of both what it makes of each alone',
      async () => {
        const [first, second] = [task('first', {}), task('second', { seed: 2 })];
        const next = Promise.withResolvers<readonly ImageResult[]>();
        const onProgress = ({ step, steps }: StepProgress) => {
          if (step === steps) next.resolve(engine.generateImages([second]));
        };
        const together = [
          ...(await engine.generateImages([{ ...first, onProgress }])),
          ...(await next.promise),
        ];
        const alone = [
          ...(await engine.generateImages([{ ...first, id: 'a' }])),
          ...(await engine.generateImages([{ ...second, id: 'b' }])),
        ];
        const pictures = (results: readonly ImageResult[]) =>
          results.map((result) => (result.ok ? result.images.map(({ bytes }) => bytes) : result.error));
        expect(pictures(together)).toEqual(pictures(alone));
        expect(engine.queuesNext).toBe(true);
      },
      MINUTES_MS,
    );

    it(
      'takes any text for a prompt, and refuses what is none for its job alone',
      async () => {
        const results = await engine.generateImages([
          task('a', { prompt: '🔴 över 🟦\u0000\n' }),
          task('b', { prompt: 'half a \ud83d character' }),
          task('c', { prompt: 'x '.repeat(4_000) }),
        ]);
        expect(results).toMatchObject([
          { ok: true },
          { ok: false, error: { code: 'invalid_settings', retryable: false } },
          { ok: true },
        ]);
      },
      MINUTES_MS,
    );

    it(
      'finds models that come later, and fails on broken ones so that it is tried again',
      async () => {
        const ask = async (model: string) => (await engine.generateImages([task('a', { model })]))[0];
        expect(await ask('late')).toMatchObject({ ok: false, error: { code: 'model_not_found' } });
        const [tiny, late, hollow] = ['tiny', 'late', 'hollow'].map((name) =>
          join(container.modelsDir, name),
        );
        cpSync(`${tiny}`, `${late}`, { recursive: true });
        expect(await ask('late')).toMatchObject({ ok: true, model: 'late' });
        mkdirSync(`${hollow}`);
        cpSync(`${tiny}/model_index.json`, `${hollow}/model_index.json`);
        expect(await ask('hollow')).toMatchObject({
          ok: false,
          error: { code: 'engine_failed', retryable: true },
        });
      },
      MINUTES_MS,
    );

    // the last test: it leaves no container
    it(
      'killed in the middle, fails the run so that it is tried again, and is then not there',
      async () => {
        const onProgress = () => void container.kill();
        const [result] = await engine.generateImages([
          task('killed', { steps: 150, width: 256, height: 256 }, { onProgress }),
        ]);
        expect(result).toMatchObject({ ok: false, error: { code: 'engine_failed', retryable: true } });
        await container.kill();
        const gone = { code: 'engine_unreachable', retryable: true };
        expect(await engine.generateImages([task('later', {})])).toMatchObject([{ ok: false, error: gone }]);
        await expect(engine.health()).rejects.toMatchObject(gone);
      },
      MINUTES_MS,
    );
  });
}
