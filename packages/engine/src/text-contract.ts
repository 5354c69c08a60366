import type { ModelInfo, TextFeature } from '@genfleet/job';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { TextDelta, TextEngine, TextResult, TextSettings, TextTask } from './text-engine.ts';

export interface TextEngineContract {
  /** Starts the engine; called once. */
  create(): Promise<TextEngine>;
  readonly model: string;
  /** A prompt that the model goes on from for at least 30 tokens. */
  readonly prompt: string;
  /** What an adapter can't show here, with the reason; the skipped test says it. */
  readonly lacks?: { readonly [Feature in TextFeature | 'variety' | 'context limit']?: string };
}

const RUN_MS = 120_000;

/** The law of the text side of the Engine port. Every adapter runs it against the real engine. */
export function describeTextEngineContract(name: string, contract: TextEngineContract): void {
  const { lacks = {} } = contract;

  describe(`text engine contract: ${name}`, () => {
    let engine: TextEngine;
    let info: ModelInfo | undefined;
    let taskCount = 0;

    beforeAll(async () => {
      engine = await contract.create();
      info = (await engine.models()).find((model) => model.name === contract.model);
    }, RUN_MS);
    afterAll(async () => {
      await engine?.close();
    });

    async function generate(settings: Partial<TextSettings> = {}, more: Partial<TextTask> = {}) {
      const deltas: TextDelta[] = [];
      taskCount += 1;
      const result = await engine.generateText({
        id: `text-${taskCount}`,
        settings: {
          ...{ model: contract.model, prompt: contract.prompt, max_tokens: 12, temperature: 0, top_p: 1 },
          ...{ stop: [], echo: false, presence_penalty: 0, frequency_penalty: 0 },
          ...settings,
        } as TextSettings,
        signal: new AbortController().signal,
        onDelta: (delta) => deltas.push(delta),
        ...more,
      });
      return { result, deltas, text: deltas.map(({ text }) => text).join('') };
    }

    /** A test of something that an adapter may lack. */
    function itWhen(feature: keyof typeof lacks, title: string, test: () => Promise<void>): void {
      const reason = lacks[feature];
      if (reason === undefined) it(title, test, RUN_MS);
      else it.skip(`${title} (not here: ${reason})`, test);
    }

    it(
      'answers for its health and says what its model can do',
      async () => {
        await engine.health();
        expect(info).toMatchObject({ name: contract.model, kind: 'completion' });
        expect(info?.text?.context_tokens).toBeGreaterThan(0);
        expect(info?.text?.max_tokens).toBeGreaterThan(0);
        expect(engine.maxConcurrentTexts).toBeGreaterThan(0);
      },
      RUN_MS,
    );

    it(
      'sends the text piece by piece and counts its tokens',
      async () => {
        const { result, deltas, text } = await generate();
        expect(deltas.length).toBeGreaterThan(1);
        expect(text.length).toBeGreaterThan(0);
        const { usage, model } = succeeded(result);
        expect(model).toBe(contract.model);
        expect(usage.prompt_tokens).toBeGreaterThan(0);
        expect(usage.completion_tokens).toBeGreaterThan(1);
        expect(usage.completion_tokens).toBeLessThanOrEqual(12);
      },
      RUN_MS,
    );

    it(
      'ends with `length` at the number of tokens asked for',
      async () => {
        const short = succeeded((await generate({ max_tokens: 3 })).result);
        expect(short).toMatchObject({ finishReason: 'length', usage: { completion_tokens: 3 } });
      },
      RUN_MS,
    );

    it(
      'ends with `stop` before a stop sequence, wherever the pieces are cut',
      async () => {
        const { text } = await generate();
        const stop = text.slice(Math.floor(text.length / 2), Math.floor(text.length / 2) + 3);
        const stopped = await generate({ stop: ['never comes', stop] });
        expect(stopped.text).toBe(text.slice(0, text.indexOf(stop)));
        expect(succeeded(stopped.result).finishReason).toBe('stop');
      },
      RUN_MS,
    );

    it(
      'gives the same text at temperature 0',
      async () => {
        expect((await generate()).text).toBe((await generate()).text);
      },
      RUN_MS,
    );

    itWhen('seed', 'gives the same text for one seed', async () => {
      const hot = { temperature: 1, max_tokens: 20 };
      const first = await generate({ ...hot, seed: 5 });
      expect((await generate({ ...hot, seed: 5 })).text).toBe(first.text);
    });

    itWhen('variety', 'gives another text for another seed or prompt', async () => {
      const texts = new Set<string>();
      for (const seed of [1, 2, 3, 4]) {
        texts.add((await generate({ temperature: 1.2, max_tokens: 20, seed })).text);
      }
      expect(texts.size).toBeGreaterThan(1);
    });

    itWhen('echo', 'gives the prompt first when it is to be echoed', async () => {
      const { text } = await generate({ echo: true, max_tokens: 4 });
      expect(text.startsWith(contract.prompt)).toBe(true);
      expect(text.length).toBeGreaterThan(contract.prompt.length);
    });

    itWhen('logprobs', 'reports tokens with probabilities that make up the text', async () => {
      const { deltas, text } = await generate({ logprobs: 2 });
      const tokens = deltas.flatMap((delta) => delta.tokens ?? []);
      expect(tokens.map((token) => token.text).join('')).toBe(text);
      for (const { logprob, top } of tokens) {
        expect(logprob).toBeLessThanOrEqual(0);
        expect(top).toHaveLength(2);
        // greedy: the token taken is the likeliest
        expect(Math.max(...top.map((other) => other.logprob))).toBeCloseTo(logprob ?? 0, 3);
      }
    });

    itWhen('token_prompts', 'takes a prompt as token ids', async () => {
      const { result, text } = await generate({ prompt: [5, 6, 7, 8] });
      expect(succeeded(result).usage.prompt_tokens).toBeGreaterThanOrEqual(4);
      expect(text.length).toBeGreaterThan(0);
    });

    itWhen('suffix', 'fills in the middle: what follows the gap has its effect', async () => {
      const one = await generate({ suffix: '\n    return total\n', max_tokens: 24 });
      const other = await generate({ suffix: '\nclass Stack:\n', max_tokens: 24 });
      succeeded(one.result);
      expect(one.text).not.toBe(other.text);
    });

    itWhen('chat', 'answers a conversation', async () => {
      const messages = [{ role: 'user' as const, content: 'Say something.' }];
      const { result, text } = await generate({ prompt: undefined, messages } as Partial<TextSettings>);
      succeeded(result);
      expect(text.length).toBeGreaterThan(0);
    });

    itWhen('context limit', 'refuses for good what does not fit its context', async () => {
      const tooLong = `${contract.prompt} `.repeat(info?.text?.context_tokens ?? 0);
      const { result } = await generate({ prompt: tooLong });
      expect(result).toMatchObject({
        ok: false,
        error: { code: 'context_length_exceeded', retryable: false },
      });
      expect(failed(result).message).toContain(String(info?.text?.context_tokens));
    });

    it(
      'refuses an unknown model for good, with the list of those there are',
      async () => {
        const { result } = await generate({ model: 'no-such-model' });
        expect(result).toMatchObject({ ok: false, error: { code: 'model_not_found', retryable: false } });
        expect(failed(result).message).toContain(contract.model);
      },
      RUN_MS,
    );

    it(
      'gives the same text when nobody reads along',
      async () => {
        const { result, text } = await generate({}, { whole: true });
        const pieces = await generate();
        expect(text).toBe(pieces.text);
        expect(succeeded(result).usage).toEqual(succeeded(pieces.result).usage);
        expect(succeeded(result).finishReason).toBe(succeeded(pieces.result).finishReason);
        const stop = text.slice(Math.floor(text.length / 2), Math.floor(text.length / 2) + 3);
        expect((await generate({ stop: [stop] }, { whole: true })).text).toBe(
          text.slice(0, text.indexOf(stop)),
        );
      },
      RUN_MS,
    );

    it(
      'stops when told to, and works on afterwards',
      async () => {
        const abort = new AbortController();
        let afterAbort = 0;
        const { result } = await generate(
          { max_tokens: Math.min(400, info?.text?.max_tokens ?? 400) },
          {
            signal: abort.signal,
            onDelta: () => {
              if (abort.signal.aborted) afterAbort += 1;
              abort.abort('cancelled');
            },
          },
        );
        expect(result).toMatchObject({ ok: false, error: { code: 'cancelled', retryable: false } });
        expect(afterAbort).toBeLessThanOrEqual(2);
        succeeded((await generate()).result);
      },
      RUN_MS,
    );

    it(
      'does not start what was cancelled before',
      async () => {
        const { result, deltas } = await generate({}, { signal: AbortSignal.abort('cancelled') });
        expect(result).toMatchObject({ ok: false, error: { code: 'cancelled' } });
        expect(deltas).toHaveLength(0);
      },
      RUN_MS,
    );

    it(
      'keeps texts that are generated at once apart',
      async () => {
        const alone = await generate();
        const together = await Promise.all([generate(), generate({ max_tokens: 5 }), generate()]);
        expect(together[0]?.text).toBe(alone.text);
        expect(together[2]?.text).toBe(alone.text);
        expect(alone.text.startsWith(together[1]?.text ?? ' ')).toBe(true);
      },
      RUN_MS,
    );
  });
}

function succeeded(result: TextResult): Extract<TextResult, { ok: true }> {
  if (!result.ok) throw result.error;
  return result;
}

function failed(result: TextResult): Error {
  if (result.ok) throw new Error('the engine did not fail');
  return result.error;
}
