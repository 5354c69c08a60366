import { execFileSync } from 'node:child_process';
import type { TextDelta, TextSettings } from '@genfleet/engine';
import { afterAll, describe, expect, it } from '@jest/globals';
import { openEmbeddedEngine } from './index.ts';

const RUN_MS = 120_000;
const PROMPT = 'class Stack:\n    def __init__(self):\n';

describe('texts of the embedded engine', () => {
  const engine = openEmbeddedEngine();
  afterAll(() => engine.close());

  async function write(settings: Partial<TextSettings>, signal = new AbortController().signal) {
    const deltas: TextDelta[] = [];
    const result = await engine.generateText({
      id: 'text',
      settings: {
        ...{ model: 'genfleet-demo-code', prompt: PROMPT, max_tokens: 8, temperature: 0, top_p: 1 },
        ...{ stop: [], echo: false, presence_penalty: 0, frequency_penalty: 0 },
        ...settings,
      } as TextSettings,
      signal,
      onDelta: (delta) => deltas.push(delta),
    });
    if (!result.ok) throw result.error;
    return { ...result, deltas, text: deltas.map(({ text }) => text).join('') };
  }

  it(
    'do not wait for a picture',
    async () => {
      const ended: string[] = [];
      const picture = engine.generateImages([
        {
          id: 'picture',
          settings: {
            ...{ model: 'genfleet-demo', prompt: 'a red circle', negative_prompt: '', seed: 1, steps: 150 },
            ...{ sampler_name: 'euler', batch_size: 1, n_iters: 1, cfg_scale: 2, width: 64, height: 64 },
          },
          seeds: [1],
          signal: new AbortController().signal,
          onProgress: () => undefined,
        },
      ]);
      await Promise.all([
        picture.then(() => ended.push('picture')),
        write({}).then(() => ended.push('text')),
      ]);
      expect(ended).toEqual(['text', 'picture']);
    },
    RUN_MS,
  );

  it(
    'let a short one pass a long one',
    async () => {
      const ended: string[] = [];
      const long = write({ temperature: 2, max_tokens: 700, seed: 1 }).then(() => ended.push('long'));
      const short = write({ max_tokens: 2 }).then(() => ended.push('short'));
      await Promise.all([long, short]);
      expect(ended).toEqual(['short', 'long']);
    },
    RUN_MS,
  );

  it(
    'wait in line when there are many, and leave it when they are cancelled',
    async () => {
      const abort = new AbortController();
      const many = Array.from({ length: 3 * engine.maxConcurrentTexts }, () => write({}));
      const unwanted = write({}, abort.signal);
      abort.abort();
      await expect(unwanted).rejects.toMatchObject({ code: 'cancelled' });
      const texts = new Set((await Promise.all(many)).map(({ text }) => text));
      expect(texts.size).toBe(1);
    },
    RUN_MS,
  );

  it(
    'score a prompt without going on from it',
    async () => {
      const scored = await write({ echo: true, max_tokens: 0, logprobs: 1 });
      const tokens = scored.deltas.flatMap((delta) => delta.tokens ?? []);
      expect(tokens.map((token) => token.text).join('')).toBe(PROMPT);
      expect(tokens[0]).toMatchObject({ logprob: null, top: [] });
      expect(tokens.slice(1).every(({ logprob }) => (logprob ?? 1) < 0)).toBe(true);
      expect(scored).toMatchObject({
        finishReason: 'length',
        usage: { prompt_tokens: tokens.length, completion_tokens: 0 },
      });
    },
    RUN_MS,
  );

  it(
    'score what they write as a prompt of the same tokens is scored',
    async () => {
      const written = await write({ logprobs: 0, max_tokens: 12 });
      const read = await write({ prompt: PROMPT + written.text, echo: true, max_tokens: 0, logprobs: 0 });
      const scores = (result: typeof read) => result.deltas.flatMap((delta) => delta.tokens ?? []);
      const [own, again] = [scores(written), scores(read).slice(-12)];
      expect(again.map(({ text }) => text)).toEqual(own.map(({ text }) => text));
      for (const [n, { logprob }] of own.entries()) expect(again[n]?.logprob).toBeCloseTo(logprob ?? 0, 3);
    },
    RUN_MS,
  );

  it(
    'begin from nothing, and echo only what the client wrote around a gap',
    async () => {
      expect((await write({ prompt: '', temperature: 1, seed: 4 })).text.length).toBeGreaterThan(0);
      const filled = await write({ prompt: 'x = ', suffix: '\n', echo: true });
      expect(filled.text.startsWith('x = ')).toBe(true);
      expect(filled.text).not.toContain('fim_');
    },
    RUN_MS,
  );

  it(
    'fail when the engine’s process dies, and go on with a new one',
    async () => {
      await write({});
      const killed = write({ temperature: 1, seed: 1, max_tokens: 900 });
      const rows = execFileSync('ps', ['-o', 'pid=,args=', '--ppid', `${process.pid}`])
        .toString()
        .split('\n');
      const row = rows.find((line) => line.includes('engine-process'));
      process.kill(Number.parseInt(row ?? '', 10), 'SIGKILL');
      await expect(killed).rejects.toMatchObject({ code: 'engine_failed', retryable: true });
      expect((await write({})).text.length).toBeGreaterThan(0);
    },
    RUN_MS,
  );
});
