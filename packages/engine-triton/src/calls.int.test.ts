import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TextEngine } from '@genfleet/engine';
import { readModelsFile } from '@genfleet/models';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { provide } from '../../../tools/provision/components.ts';
import { generate, spec } from '../test/specs.ts';
import { openTritonEngine, type TritonCall } from './index.ts';

const triton = await provide('triton');
const TRACEPARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
const MODELS_FILE = join(import.meta.dirname, '../../../services/model-triton/models.json');
const WAIT_MS = 20_000;
const SECOND_MS = 1_000;

if ('missing' in triton) {
  it.skip(`the Triton engine's calls (${triton.missing})`, () => undefined);
} else {
  const calls: TritonCall[] = [];
  let engine: TextEngine;

  beforeAll(async () => {
    const fim = { template: '<P>{prefix}<S>{suffix}<M>', stop: ['<E>'] };
    const text = { layout: 'text' };
    engine = await openTritonEngine({
      url: triton.url,
      maxConcurrentTexts: 16,
      verbose: (call) => calls.push(call),
      models: [
        spec(
          'mirror',
          { ...text, triton_model: 'scripted' },
          { fim, chat_template: '{{ messages[0].content }}!' },
        ),
        spec('scripted', text, { stop: ['<|end|>'], features: ['seed', 'presence_penalty'] }),
        spec(
          'unary',
          { ...text, triton_model: 'scripted_unary', inputs: { frequency_penalty: 'nowhere' } },
          { fim },
        ),
        spec('nowhere', text),
        spec('wrong-layout', { layout: 'tokens', end_id: 0, triton_model: 'scripted' }),
        spec('wrong-policy', { ...text, triton_model: 'scripted', decoupled: false }),
        spec('demo_text', text, { features: ['seed'] }),
        spec('demo_tokens', { layout: 'tokens', end_id: 0 }),
      ],
    });
  });
  afterAll(() => engine?.close());

  const script = (content: object) => ({ prompt: JSON.stringify(content), max_tokens: 200 });

  /** What the model itself recorded of the request with that key, once it has come to an end. */
  async function report(key: string, model = 'scripted') {
    const untilMs = performance.now() + WAIT_MS;
    for (;;) {
      const { text } = await generate(engine, model, script({ report: key }));
      const record = JSON.parse(text) as { state: string; pieces?: number };
      if (!['running', 'unknown'].includes(record.state) || performance.now() > untilMs) return record;
      await sleep(20);
    }
  }

  describe('what arrives at the model in Triton', () => {
    it('is the prompt, the settings under the names of vLLM, and the trace', async () => {
      const settings = { prompt: 'zażółć\n', temperature: 0.5, top_p: 0.9, seed: -3, presence_penalty: 1 };
      const { text } = await generate(engine, 'scripted', settings, { traceparent: TRACEPARENT });
      expect(JSON.parse(text)).toEqual({
        prompt: 'zażółć\n',
        sampling: { max_tokens: 12, temperature: 0.5, top_p: 0.9, seed: -3, presence_penalty: 1 },
        parameters: { traceparent: TRACEPARENT },
      });
    });

    it('is a prompt by the FIM template or the chat template', async () => {
      const filled = await generate(engine, 'mirror', { prompt: 'a', suffix: 'b' });
      expect(JSON.parse(filled.text).prompt).toBe('<P>a<S>b<M>');
      const messages = [{ role: 'user' as const, content: 'hello' }];
      const said = await generate(engine, 'mirror', { prompt: undefined, messages } as never);
      expect(JSON.parse(said.text).prompt).toBe('hello!');
    });

    it('is a tensor for each setting where the model has no JSON', async () => {
      const settings = {
        max_tokens: 7,
        temperature: 0.5,
        top_p: 0.25,
        seed: 2 ** 53 - 1,
        presence_penalty: -1.5,
      };
      const { text } = await generate(engine, 'unary', settings);
      expect(JSON.parse(text)).toEqual({
        prompt: 'def load(self',
        ...{ max_tokens: [7], temperature: [0.5], top_k: [0], top_p: [0.25], presence_penalty: [-1.5] },
        random_seed: [2 ** 53 - 1],
      });
      // the mirror shows them too, and there the text ends
      const stopped = await generate(engine, 'unary', { ...settings, stop: ['one', 'two'] });
      expect(stopped.text).toMatch(/"stop_words": \["$/);
    });

    it('asks for the likeliest token as the best one, and for another text each time without a seed', async () => {
      const [one, other] = await Promise.all([generate(engine, 'unary'), generate(engine, 'unary')]);
      const [given, again] = [JSON.parse(one.text), JSON.parse(other.text)];
      expect(given).toMatchObject({ temperature: [1], top_k: [1], top_p: [1] });
      expect(given.random_seed).not.toEqual(again.random_seed);
    });
  });

  describe('what the engine tells of its models', () => {
    it('are those that Triton has, with what their tensors and the file allow', async () => {
      const infos = await engine.models();
      expect(Object.fromEntries(infos.map(({ name, text }) => [name, text?.features]))).toEqual({
        mirror: ['echo', 'suffix', 'chat'],
        scripted: ['echo', 'seed', 'presence_penalty'],
        unary: ['echo', 'suffix', 'seed', 'presence_penalty'],
        'wrong-layout': ['echo', 'token_prompts'],
        'wrong-policy': ['echo'],
        demo_text: ['echo', 'seed'],
        demo_tokens: ['echo', 'token_prompts', 'seed'],
      });
      expect(infos.filter(({ demo }) => demo).map(({ name }) => name)).toEqual(['demo_text', 'demo_tokens']);
      await engine.health();
    });

    it('are those of the file that is shipped', async () => {
      const shipped = await openTritonEngine({ url: triton.url, models: await readModelsFile(MODELS_FILE) });
      const names = (await shipped.models()).map(({ name }) => name);
      const texts = await Promise.all(names.map((name) => generate(shipped, name, { seed: 1 })));
      await shipped.close();
      expect(names).toEqual(['demo_text', 'demo_tokens']);
      for (const { result } of texts) expect(result).toMatchObject({ ok: true });
    });

    it('are all its calls, without a word of what was said in them', async () => {
      calls.splice(0);
      await generate(engine, 'scripted', { prompt: 'a secret' });
      expect(calls.at(-1)).toEqual({
        ...{ method: 'ModelStreamInfer', model: 'scripted', status: 'OK' },
        durationMs: expect.any(Number),
      });
      expect(JSON.stringify(calls)).not.toContain('secret');
    });
  });

  describe('stop sequences and lengths', () => {
    it('of request, model and FIM template end a text, and its stream in Triton with it', async () => {
      const pieces = ['one', ' tw', 'o <|e', 'nd|> three', ' four'];
      const key = randomUUID();
      const { result, text } = await generate(
        engine,
        'scripted',
        script({ pieces, times: 20, key, every_ms: 20 }),
      );
      expect(text).toBe('one two ');
      expect(result).toMatchObject({ ok: true, finishReason: 'stop' });
      const { state, pieces: sent } = await report(key);
      expect(state).toBe('cancelled');
      expect(sent).toBeLessThan(50);
      const byRequest = await generate(engine, 'scripted', { ...script({ pieces }), stop: ['tw'] });
      expect(byRequest.text).toBe('one ');
      const filled = await generate(engine, 'unary', { prompt: 'x', suffix: '<E> y', max_tokens: 50 });
      expect(filled.text).toBe('{"prompt": "<P>x<S>');
    });

    it('hold for a model that does not know when to end', async () => {
      const endless = { pieces: ['x'.repeat(100)], times: 400, every_ms: 1 };
      const { result } = await generate(engine, 'scripted', { ...script(endless), max_tokens: 1 });
      expect(result).toMatchObject({ ok: false, error: { code: 'engine_failed' } });
    });

    it('leave nothing to ask Triton for when no token is wanted', async () => {
      calls.splice(0);
      const { result, text } = await generate(engine, 'demo_text', { max_tokens: 0, echo: true });
      expect(text).toBe('def load(self');
      expect(result).toMatchObject({
        finishReason: 'length',
        usage: { prompt_tokens: 4, completion_tokens: 0 },
      });
      expect(calls.filter(({ method }) => /Infer/.test(method))).toEqual([]);
    });
  });

  describe('cancelling', () => {
    it('ends the request at the model, which records it', async () => {
      const key = randomUUID();
      const abort = new AbortController();
      const { result, deltas } = await generate(
        engine,
        'scripted',
        script({ pieces: ['a'], times: 500, every_ms: 20, key }),
        { signal: abort.signal, onDelta: () => abort.abort() },
      );
      expect(result).toMatchObject({ ok: false, error: { code: 'cancelled', retryable: false } });
      expect(deltas).toEqual([]);
      const { state, pieces } = await report(key);
      expect(state).toBe('cancelled');
      expect(pieces).toBeLessThan(100);
    });

    it.each([
      ['a stream', 'scripted', { hang: true }],
      ['one answer', 'unary', { wait_seconds: 15 }],
      // so deaf that it finds out afterwards
      ['one answer without looking up', 'unary', { hang_seconds: 3 }],
    ])('ends at once at a model that hangs over %s', async (_, model, behaviour) => {
      const key = randomUUID();
      const abort = new AbortController();
      const text = generate(engine, model, script({ ...behaviour, key }), { signal: abort.signal });
      await sleep(500);
      const abortedMs = performance.now();
      abort.abort();
      const { result } = await text;
      expect(performance.now() - abortedMs).toBeLessThan(SECOND_MS);
      expect(result).toMatchObject({ ok: false, error: { code: 'cancelled' } });
      expect((await report(key, model)).state).toBe('cancelled');
    });

    it('comes by itself when the model is silent for too long', async () => {
      const models = [spec('scripted', { layout: 'text' })];
      const impatient = await openTritonEngine({ url: triton.url, models, textTimeoutMs: 300 });
      const key = randomUUID();
      const { result } = await generate(impatient, 'scripted', script({ pieces: ['a'], hang: true, key }));
      await impatient.close();
      expect(result).toMatchObject({ ok: false, error: { code: 'engine_timeout', retryable: true } });
      expect((await report(key)).state).toBe('cancelled');
    });
  });

  describe('errors', () => {
    const failing = (code: string) => script({ pieces: ['a'], error: { code, message: 'the reason' } });

    it.each([
      ['INVALID_ARG', 'invalid_settings', false],
      ['UNAVAILABLE', 'engine_unreachable', true],
      ['INTERNAL', 'engine_failed', true],
      ['CANCELLED', 'engine_failed', true],
      ['NOT_FOUND', 'model_not_found', false],
      ['UNSUPPORTED', 'engine_failed', false],
    ])('%s of a model is %s, in a stream and alone', async (status, code, retryable) => {
      for (const model of ['scripted', 'unary']) {
        const { result } = await generate(engine, model, failing(status));
        const message = expect.stringContaining('the reason');
        expect(result).toMatchObject({ ok: false, error: { code, retryable, message } });
      }
    });

    it('thrown by a model are its failure, without its stack', async () => {
      const { result } = await generate(engine, 'unary', script({ crash: true }));
      const message = expect.stringMatching(/fell over$/);
      expect(result).toMatchObject({ ok: false, error: { code: 'engine_failed', retryable: true, message } });
      expect((await generate(engine, 'unary')).result.ok).toBe(true);
    });

    it('name a model that Triton has not loaded', async () => {
      const { result } = await generate(engine, 'nowhere');
      const message = expect.stringContaining('nowhere');
      expect(result).toMatchObject({
        ok: false,
        error: { code: 'model_not_found', retryable: false, message },
      });
    });

    it('name what is wrong with the layout', async () => {
      const wrong = await generate(engine, 'wrong-layout');
      expect(wrong.result).toMatchObject({
        ok: false,
        error: {
          ...{ code: 'invalid_configuration', retryable: false },
          message: expect.stringContaining('input_ids'),
        },
      });
      const alone = await generate(engine, 'wrong-policy');
      expect(alone.result).toMatchObject({
        ok: false,
        error: { code: 'engine_failed', retryable: false, message: expect.stringContaining('decoupled') },
      });
    });
  });

  describe('sixteen at once', () => {
    it.each(['demo_text', 'demo_tokens'])('of %s are what each is alone', async (model) => {
      const seeds = Array.from({ length: 16 }, (_, index) => index);
      const run = (seed: number) => generate(engine, model, { temperature: 1, max_tokens: 40, seed });
      const together = await Promise.all(seeds.map(run));
      for (const seed of [0, 7, 15]) expect(together[seed]?.text).toBe((await run(seed)).text);
      for (const { result } of together) expect(result).toMatchObject({ ok: true });
      expect(new Set(together.map(({ text }) => text)).size).toBeGreaterThan(8);
    });
  });
}
