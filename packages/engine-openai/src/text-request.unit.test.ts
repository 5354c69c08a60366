import type { TextSettings } from '@genfleet/engine';
import { modelSpecSchema } from '@genfleet/models';
import { describe, expect, it } from '@jest/globals';
import { configuredModels, listedModel, type TextModel } from './text-model.ts';
import { textRequest } from './text-request.ts';

/** A token for each word. */
const tokenizer = { encode: (text: string) => text.split(' ').map((_, id) => id), decode: () => '' };

async function modelOf(spec: object = {}, more: Partial<TextModel> = {}): Promise<TextModel> {
  const given = { name: 'coder', engine: 'openai', context_tokens: 100, ...spec };
  const [model] = await configuredModels([modelSpecSchema.parse(given)]);
  if (!model) throw new Error('no model');
  return { ...model, ...more };
}

function settings(given: object): TextSettings {
  const plain = { model: 'coder', temperature: 0.2, top_p: 1, stop: [], echo: false };
  const all: object = { ...plain, presence_penalty: 0, frequency_penalty: 0, ...given };
  return all as TextSettings;
}

async function sent(spec: object, given: object, more: Partial<TextModel> = {}) {
  const { body, ...request } = textRequest(await modelOf(spec, more), settings(given));
  return { ...request, body: JSON.parse(body) };
}

describe('what is sent for a text', () => {
  it('is a prompt, with what was asked for and no more', async () => {
    const { path, body } = await sent({ options: { model: 'org/coder' } }, { prompt: 'a b', max_tokens: 9 });
    expect(path).toBe('completions');
    expect(body).toEqual({
      ...{ model: 'org/coder', prompt: 'a b', max_tokens: 9, temperature: 0.2, top_p: 1 },
      ...{ stream: true, stream_options: { include_usage: true } },
    });
  });

  it('holds every field of the request', async () => {
    const given = {
      ...{ prompt: [1, 2], max_tokens: 9, seed: 4, logprobs: 2, echo: true, user: 'me', suffix: 's' },
      ...{ presence_penalty: 0.5, frequency_penalty: -0.5, stop: ['a'] },
    };
    const { body } = await sent({ features: ['echo', 'suffix'] }, given);
    expect(body).toMatchObject(given);
  });

  it('is a conversation for the server to make a prompt of', async () => {
    const messages = [{ role: 'user', content: 'hi' }];
    const { path, body } = await sent({ features: ['chat'] }, { messages, logprobs: 0 });
    expect(path).toBe('chat/completions');
    expect(body).toMatchObject({ messages, logprobs: true, top_logprobs: 1 });
    expect(body).not.toHaveProperty('max_tokens');
  });

  it("is a prompt by the model's own chat template, if it has one", async () => {
    const chat_template = '{% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}<assistant>';
    const { path, body } = await sent({ chat_template }, { messages: [{ role: 'user', content: 'hi' }] });
    expect(path).toBe('completions');
    expect(body).toMatchObject({ prompt: '<user>hi<assistant>' });
  });

  it("is a prompt by the model's own template for what is to be filled in", async () => {
    const fim = { template: '<p>{prefix}<s>{suffix}<m>', stop: ['<p>'] };
    const { body } = await sent({ fim, stop: ['<e>'] }, { prompt: 'a', suffix: 'b', stop: ['x'] });
    expect(body).toMatchObject({ prompt: '<p>a<s>b<m>', stop: ['x', '<e>', '<p>'] });
    expect(body).not.toHaveProperty('suffix');
    expect((await sent({ fim, stop: ['<e>'] }, { prompt: 'a' })).body).toMatchObject({
      prompt: 'a',
      stop: ['<e>'],
    });
  });
});

describe('stop sequences', () => {
  const asked = { prompt: 'a', stop: ['1', '2', '3', '4'] };

  it('beyond what the server takes are watched for here', async () => {
    const { body, localStops } = await sent({ stop: ['<e>', '1'] }, asked, { tokenizer });
    expect(body).toMatchObject({ stop: ['1', '2', '3', '4'] });
    expect(localStops).toEqual(['<e>']);
    expect((await sent({ stop: ['<e>'], options: { max_stops: 5 } }, asked)).localStops).toEqual([]);
  });

  it('are refused where nobody could count what is cut', async () => {
    await expect(sent({ stop: ['<e>'] }, asked)).rejects.toMatchObject({
      code: 'invalid_settings',
      message: 'stop has room for 3 sequences',
    });
  });
});

describe('a length that nobody asked for', () => {
  it.each<[string, object, unknown, number | undefined, Partial<TextModel>]>([
    ['is what surely fits', {}, 'x'.repeat(50), 34, {}],
    ['is what fits, where it can be counted', {}, 'words '.repeat(9), 74, { tokenizer }],
    ['is no longer than the model may write', { max_tokens: 20 }, 'x', 20, {}],
    ['goes by the ids of the prompt', {}, [1, 2, 3, 4], 80, {}],
    ["is the server's for a prompt that may fill the context", {}, 'x'.repeat(99), undefined, {}],
    ["is the server's where its context is unknown", {}, 'x', undefined, { contextTokens: undefined }],
  ])('%s', async (_, spec, prompt, expected, more) => {
    expect((await sent(spec, { prompt }, more)).body.max_tokens).toBe(expected);
  });
});

describe('what the model can not do', () => {
  it.each<[string, object]>([
    ['suffix', { prompt: 'a', suffix: 'b' }],
    ['echo', { prompt: 'a', echo: true }],
    ['chat', { messages: [{ role: 'user', content: 'hi' }] }],
    ['max_tokens', { prompt: 'a', max_tokens: 101 }],
    ['max_tokens', { prompt: 'a', max_tokens: 0 }],
  ])('is refused by name: %s', async (field, given) => {
    await expect(sent({}, given)).rejects.toMatchObject({
      code: 'invalid_settings',
      message: expect.stringMatching(new RegExp(`^${field} `)),
    });
  });

  it('is a gap in token ids, or an echo of one', async () => {
    const fim = { template: '{prefix}{suffix}' };
    await expect(sent({ fim }, { prompt: [1], suffix: 'b' })).rejects.toThrow('suffix');
    const echo = { prompt: 'a', suffix: 'b', echo: true };
    await expect(sent({ fim, features: ['echo'] }, echo)).rejects.toThrow('echo');
  });
});

describe('the configuration of a model', () => {
  it.each<[object, string]>([
    [{ options: { modle: 'x' } }, 'modle'],
    [{ options: { stream_usage: false } }, 'takes a tokenizer'],
    [{ stop: ['1', '2', '3', '4', '5'] }, 'takes a tokenizer'],
    [{ tokenizer: '/nowhere/tokenizer.json' }, '/nowhere/tokenizer.json'],
  ])('%j is refused', async (spec, words) => {
    await expect(modelOf(spec)).rejects.toMatchObject({
      code: 'invalid_configuration',
      message: expect.stringContaining(words),
    });
  });

  it('of another engine is passed over', async () => {
    const spec = modelSpecSchema.parse({ name: 'x', engine: 'triton', context_tokens: 9 });
    expect(await configuredModels([spec])).toEqual([]);
  });

  it('says what it can do, by its lines and beyond them', async () => {
    const { info } = await modelOf({
      fim: { template: '{prefix}{suffix}' },
      chat_template: 'x',
      features: ['echo'],
    });
    expect(info.text?.features).toEqual(
      expect.arrayContaining(['suffix', 'chat', 'echo', 'seed', 'logprobs']),
    );
    expect((await modelOf()).info.text?.features).not.toContain('chat');
  });

  it('of a listed model goes by the server that lists it', () => {
    const listed = { id: 'm', aliases: ['m', 'n'], contextTokens: undefined, assumedTokens: 500 };
    const vllm = listedModel({ ...listed, owner: 'vllm' });
    expect(vllm.info).toMatchObject({ name: 'm', aliases: ['n'], text: { context_tokens: 500 } });
    expect(vllm.info.text?.features).toContain('echo');
    expect(listedModel({ ...listed, owner: 'llamacpp' }).info.text?.features).not.toContain('echo');
  });
});
