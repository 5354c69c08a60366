import type { TextSettings } from '@genfleet/engine';
import { describe, expect, it } from '@jest/globals';
import { completionTokens, tokenPrompt } from './text-prompt.ts';

const manifest = {
  ...{ name: 'small', demo: true, aliases: [], context_tokens: 100, layers: 1, key_heads: 1, head_width: 2 },
  ...{ vocabulary: 300, end_token: 299, silent_tokens: [] },
  fim: { template: '<{prefix}|{suffix}>' },
};
const bytes = { encode: (text: string) => [...Buffer.from(text)] };
const read = (settings: object) => tokenPrompt(settings as TextSettings, bytes, manifest);
const ids = (text: string) => bytes.encode(text);

describe('tokenPrompt', () => {
  it('takes text as it is, and ids as they are', () => {
    expect(read({ prompt: 'ab' })).toEqual({ ids: ids('ab'), start: 0, end: 2 });
    expect(read({ prompt: [7, 8, 9] })).toEqual({ ids: [7, 8, 9], start: 0, end: 3 });
  });

  it('begins an empty prompt where a text ends', () => {
    expect(read({ prompt: '' })).toEqual({ ids: [299], start: 1, end: 1 });
  });

  it('puts a gap into the model’s template, and knows where the prompt stands in it', () => {
    expect(read({ prompt: 'ab', suffix: 'c' })).toEqual({ ids: ids('<ab|c>'), start: 1, end: 3 });
    expect(read({ prompt: [7, 8], suffix: '' })).toEqual({ ids: [60, 7, 8, ...ids('|>')], start: 1, end: 3 });
    expect(read({ prompt: '{suffix}', suffix: '{prefix}' }).ids).toEqual(ids('<{suffix}|{prefix}>'));
  });

  it('refuses conversations and ids that there are not', () => {
    expect(() => read({ messages: [] })).toThrow(expect.objectContaining({ code: 'invalid_settings' }));
    expect(() => read({ prompt: [5, 300] })).toThrow(/300/);
  });
});

describe('completionTokens', () => {
  it('is what was asked for, or what fits', () => {
    expect(completionTokens(40, 60, 100)).toBe(60);
    expect(completionTokens(100, 0, 100)).toBe(0);
    expect(completionTokens(40, undefined, 100)).toBe(60);
  });

  it.each([
    [41, 60],
    [100, undefined],
    [101, 0],
  ])('refuses a prompt of %d with %s more, naming all three', (promptTokens, maxTokens) => {
    const call = () => completionTokens(promptTokens, maxTokens, 100);
    expect(call).toThrow(expect.objectContaining({ code: 'context_length_exceeded', retryable: false }));
    expect(call).toThrow(`context length is 100 tokens; the prompt has ${promptTokens}`);
  });
});
