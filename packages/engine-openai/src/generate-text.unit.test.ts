import type { TextDelta, TextSettings } from '@genfleet/engine';
import { modelSpecSchema } from '@genfleet/models';
import { describe, expect, it } from '@jest/globals';
import { Catalogue } from './catalogue.ts';
import { generateText } from './generate-text.ts';
import { configuredModels, type TextModel } from './text-model.ts';

const tokenizer = { encode: (text: string) => text.split('').map((_, id) => id), decode: () => '' };
const HEAD = 'text/event-stream';

const event = (choice: object, more: object = {}) =>
  `data: ${JSON.stringify({ choices: [choice], ...more })}\n\n`;
const END = 'data: [DONE]\n\n';

/** A text out of these events, the upstream left out. */
async function generate(
  list: readonly string[],
  given: object,
  spec: object = {},
  more: Partial<TextModel> = {},
) {
  const plain = { name: 'coder', engine: 'openai', context_tokens: 100, features: ['echo'], ...spec };
  const models = await configuredModels([modelSpecSchema.parse(plain)]);
  const catalogue = new Catalogue(
    models.map((model) => ({ ...model, tokenizer, ...more })),
    async () => [],
    Date.now,
  );
  const deltas: TextDelta[] = [];
  let enough = 0;
  const upstream = {
    ...{ base: new URL('http://upstream/v1/'), headers: {}, secret: undefined },
    async exchange(
      _: unknown,
      receiver: { onHead: (s: number, t: string) => void; onData: (b: Buffer) => boolean },
    ) {
      receiver.onHead(200, HEAD);
      for (const one of list) if (receiver.onData(Buffer.from(one))) enough += 1;
    },
  };
  const settings = {
    model: 'coder',
    prompt: 'ab',
    temperature: 0,
    top_p: 1,
    stop: [],
    echo: false,
    ...given,
  };
  const task = {
    id: 'a',
    settings: { presence_penalty: 0, frequency_penalty: 0, ...settings } as TextSettings,
    signal: new AbortController().signal,
    onDelta: (delta: TextDelta) => deltas.push(delta),
  };
  const result = await generateText(upstream, catalogue, task, new AbortController());
  return { result, deltas, text: deltas.map(({ text }) => text).join(''), enough };
}

const token = (text: string, logprob = -1) => ({
  token: text,
  logprob,
  top_logprobs: [{ token: text, logprob }],
});

describe('tokens', () => {
  const uncounted = [event({ text: 'abc' }), event({ text: '', finish_reason: 'length' }), END];

  it('are counted by the upstream if it does', async () => {
    const usage = { prompt_tokens: 7, completion_tokens: 8 };
    const { result } = await generate([event({ text: 'abc', finish_reason: 'stop' }, { usage }), END], {});
    expect(result).toMatchObject({ ok: true, usage, finishReason: 'stop', model: 'coder' });
  });

  it("are counted by the model's tokenizer else, the echoed prompt not twice", async () => {
    const usage = { prompt_tokens: 2, completion_tokens: 3 };
    expect((await generate(uncounted, {})).result).toMatchObject({ ok: true, usage, finishReason: 'length' });
    const echoed = await generate([event({ text: 'ab' }), ...uncounted], { echo: true });
    expect(echoed).toMatchObject({ text: 'ababc', result: { usage } });
  });

  it('of a chat can not be counted without its template', async () => {
    const spec = { features: ['chat'] };
    const chat = { prompt: undefined, messages: [{ role: 'user', content: 'hi' }] };
    expect((await generate(uncounted, chat, spec)).result).toMatchObject({
      ok: false,
      error: { code: 'invalid_configuration', message: expect.stringContaining('chat template') },
    });
  });
});

describe('a stop sequence that the upstream was not given', () => {
  const given = { stop: ['1', '2', '3', '4'] };
  const spec = { stop: ['<end>'] };

  it('ends the text, however it is cut, and the connection with it', async () => {
    const list = [event({ text: 'ab<e' }), event({ text: 'nd>cd' }), event({ text: 'ef' })];
    const { result, text, enough } = await generate(list, given, spec);
    expect(text).toBe('ab');
    expect(result).toMatchObject({ ok: true, finishReason: 'stop', usage: { completion_tokens: 2 } });
    expect(enough).toBeGreaterThan(0);
  });

  it('that does not come loses nothing', async () => {
    const list = [event({ text: 'ab<e' }), event({ text: '', finish_reason: 'length' }), END];
    expect(await generate(list, given, spec)).toMatchObject({
      text: 'ab<e',
      result: { finishReason: 'length' },
    });
  });

  it('lets out tokens with the text that is theirs', async () => {
    const content = (...tokens: object[]) => ({ logprobs: { content: tokens } });
    const list = [
      event({ text: 'ab', ...content(token('ab')) }),
      event({ text: 'c<', ...content(token('c'), token('<')) }),
      event({ text: 'd', ...content(token('d')), finish_reason: 'length' }),
      END,
    ];
    const { deltas } = await generate(list, { ...given, logprobs: 1 }, spec);
    expect(deltas.map(({ text, tokens }) => [text, tokens?.map((one) => one.text)])).toEqual([
      ['ab', ['ab']],
      ['c', ['c']],
      ['<d', ['<', 'd']],
    ]);
  });
});

describe('probabilities', () => {
  it('that a server leaves out are refused by name, before any text', async () => {
    const list = [
      event({ text: '' }),
      event({ text: 'a', logprobs: null }),
      event({ finish_reason: 'stop' }),
      END,
    ];
    const { result, deltas } = await generate(list, { logprobs: 0 });
    const message = expect.stringContaining('logprobs');
    expect(result).toMatchObject({ ok: false, error: { code: 'invalid_settings', message } });
    expect(deltas).toEqual([]);
  });

  it('come in both forms, and never more than were asked for', async () => {
    const legacy = { tokens: ['a'], token_logprobs: [null], top_logprobs: [{ a: -1, b: -0.5, c: -3 }] };
    const chat = { content: [{ ...token('b'), top_logprobs: [token('x', -2), token('y', -1)] }] };
    const list = [
      event({ text: 'a', logprobs: legacy }),
      event({ text: 'b', logprobs: chat }),
      event({ text: '', logprobs: null, finish_reason: 'stop' }),
      END,
    ];
    const { deltas } = await generate(list, { logprobs: 1 });
    expect(deltas).toEqual([
      { text: 'a', tokens: [{ text: 'a', logprob: null, top: [{ text: 'b', logprob: -0.5 }] }] },
      { text: 'b', tokens: [{ text: 'b', logprob: -1, top: [{ text: 'y', logprob: -1 }] }] },
    ]);
  });
});
