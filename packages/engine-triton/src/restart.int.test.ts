import type { TextEngine } from '@genfleet/engine';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { freePorts, startOwnTriton } from '../../../tools/provision/components.ts';
import { generate, spec } from '../test/specs.ts';
import { openTritonEngine } from './index.ts';

const triton = await startOwnTriton();
const MINUTES_MS = 5 * 60_000;

if ('missing' in triton) {
  it.skip(`the Triton engine and a Triton that comes and goes (${triton.missing})`, () => undefined);
} else {
  const { httpUrl } = triton;
  const models = [
    spec('demo_text', { layout: 'text' }),
    spec('demo_tokens', { layout: 'tokens', end_id: 0 }),
    spec('scripted', { layout: 'text' }),
  ];
  let engine: TextEngine;

  beforeAll(async () => {
    engine = await openTritonEngine({ url: triton.url, models });
  });
  afterAll(async () => {
    await engine?.close();
    await triton.destroy();
  }, MINUTES_MS);

  async function post(path: string): Promise<void> {
    const response = await fetch(`${httpUrl}/v2/${path}`, { method: 'POST', body: '{}' });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  }

  const unreachable = { code: 'engine_unreachable', retryable: true };

  describe('requests of one moment', () => {
    it('are written in batches by a model that batches', async () => {
      const texts = Array.from({ length: 32 }, (_, seed) =>
        generate(engine, 'demo_tokens', { prompt: 'def '.repeat(seed + 1), seed, max_tokens: 30 }),
      );
      for (const { result } of await Promise.all(texts)) expect(result).toMatchObject({ ok: true });
      const { model_stats } = (await (await fetch(`${httpUrl}/v2/models/demo_tokens/stats`)).json()) as {
        model_stats: { inference_count: number; execution_count: number }[];
      };
      // prompts of every length went in: executions are fewer than requests because several shared one
      expect(model_stats[0]?.inference_count).toBe(32);
      expect(model_stats[0]?.execution_count).toBeLessThan(16);
    });
  });

  describe('a model that is unloaded', () => {
    it('is not found until it is loaded again', async () => {
      await post('repository/models/demo_text/unload');
      const { result } = await generate(engine, 'demo_text');
      expect(result).toMatchObject({ ok: false, error: { code: 'model_not_found', retryable: false } });
      const again = await generate(engine, 'demo_text');
      expect(again.result).toMatchObject({
        ok: false,
        error: { code: 'model_not_found', message: expect.stringContaining('not loaded') },
      });
      expect((await engine.models()).map(({ name }) => name)).toEqual(['demo_tokens', 'scripted']);
      await engine.health();
      await post('repository/models/demo_text/load');
      expect((await generate(engine, 'demo_text')).result).toMatchObject({ ok: true });
    });
  });

  describe('a Triton that dies', () => {
    it(
      'takes its texts with it, is unreachable, and is found again by the same engine',
      async () => {
        const hanging = generate(engine, 'scripted', {
          prompt: JSON.stringify({ pieces: ['a'], hang: true }),
        });
        const begun = Promise.withResolvers<void>();
        const running = generate(
          engine,
          'scripted',
          { prompt: JSON.stringify({ pieces: ['a'], times: 500, every_ms: 50 }), max_tokens: 500 },
          { onDelta: () => begun.resolve() },
        );
        await begun.promise;
        await triton.kill();
        for (const { result } of await Promise.all([hanging, running])) {
          expect(result).toMatchObject({ ok: false, error: unreachable });
        }
        expect((await generate(engine, 'demo_text')).result).toMatchObject({ ok: false, error: unreachable });
        await expect(engine.health()).rejects.toMatchObject(unreachable);
        await expect(engine.models()).rejects.toMatchObject(unreachable);
        await triton.start();
        await becomesHealthy();
        expect((await generate(engine, 'demo_text')).result).toMatchObject({ ok: true });
        expect((await generate(engine, 'demo_tokens')).result).toMatchObject({ ok: true });
      },
      MINUTES_MS,
    );

    /** Connecting anew waits for two seconds at most. */
    async function becomesHealthy(): Promise<void> {
      const untilMs = performance.now() + 10_000;
      for (;;) {
        const fault = await engine.health().catch((error: Error) => error);
        if (!fault) return;
        if (performance.now() > untilMs) throw fault;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
  });

  describe('a wrong address', () => {
    it('is unreachable, and says which', async () => {
      const [port] = await freePorts(1);
      const lost = await openTritonEngine({ url: `triton://127.0.0.1:${port}`, models });
      const message = expect.stringContaining(`triton://127.0.0.1:${port}`);
      await expect(lost.health()).rejects.toMatchObject({ ...unreachable, message });
      expect((await generate(lost, 'demo_text')).result).toMatchObject({
        ok: false,
        error: { ...unreachable, message },
      });
      await lost.close();
    });

    it('of something else is told apart from Triton', async () => {
      const lost = await openTritonEngine({ url: httpUrl.replace('http', 'triton'), models });
      await expect(lost.health()).rejects.toMatchObject({ code: expect.stringMatching(/^engine_/) });
      await lost.close();
    });
  });
}
