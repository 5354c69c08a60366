import type { TextSettings } from '@genfleet/engine';
import type { ModelSpec } from '@genfleet/models';
import { describe, expect, it } from '@jest/globals';
import { settingsOf, spec } from '../test/specs.ts';
import { planOf } from './plan.ts';

/** A token for each character. */
const CHARS = {
  encode: (text: string) => [...text].map((letter) => letter.codePointAt(0) ?? 0),
  decode: (ids: readonly number[]) => ids.map((id) => String.fromCodePoint(id)).join(''),
};
const ALL = [
  'suffix',
  'echo',
  'seed',
  'presence_penalty',
  'frequency_penalty',
  'token_prompts',
  'chat',
] as const;
const FIM = { template: '{suffix}|{prefix}', stop: ['<E>'] };

function plan(
  settings: Partial<TextSettings>,
  more: Partial<ModelSpec> = {},
  features: readonly string[] = ALL,
) {
  const model = spec('m', { layout: 'text' }, { context_tokens: 20, max_tokens: 10, fim: FIM, ...more });
  const wanted = settingsOf('m', { prompt: 'abc', max_tokens: 5, ...settings } as Partial<TextSettings>);
  return planOf(wanted, model, features as typeof ALL, CHARS);
}

const refused = (code: string, ...parts: string[]) =>
  expect.objectContaining({ code, retryable: false, message: expect.stringMatching(parts.join('.*')) });

describe('a plan', () => {
  it('has the prompt by the template, and all that stops the text', () => {
    const made = plan({ suffix: 'xy', stop: ['one'] }, { stop: ['</s>'] });
    expect(made).toMatchObject({ prompt: 'xy|abc', stops: ['one', '</s>', '<E>'], maxTokens: 5 });
    expect(made.promptIds).toHaveLength(6);
    expect(plan({ stop: ['one'] }, { stop: ['</s>'] }).stops).toEqual(['one', '</s>']);
    const messages = [{ role: 'user' as const, content: 'hi' }];
    const chat = plan({ prompt: undefined, messages } as never, {
      chat_template: '[{{ messages[0].content }}]',
    });
    expect(chat.prompt).toBe('[hi]');
  });

  it('echoes what was asked with, not what was made of it', () => {
    expect(plan({ echo: true, suffix: 'xy' }).echo).toBe('abc');
    expect(plan({ echo: true, prompt: [97, 98] })).toMatchObject({ echo: 'ab', promptIds: [97, 98] });
    expect(plan({}).echo).toBe('');
  });

  it('takes the likeliest token at temperature 0 and at top_p 0', () => {
    expect(plan({ temperature: 0, top_p: 0.5 })).toMatchObject({ greedy: true, temperature: 0, topP: 1 });
    expect(plan({ temperature: 1, top_p: 0 })).toMatchObject({ greedy: true, temperature: 0, topP: 1 });
    expect(plan({ temperature: 1, top_p: 0.5 })).toMatchObject({ greedy: false, temperature: 1, topP: 0.5 });
  });

  it('fills up the context where no length was asked for', () => {
    const endless = { max_tokens: undefined } as unknown as Partial<TextSettings>;
    expect(plan(endless).maxTokens).toBe(10);
    expect(plan({ ...endless, prompt: 'x'.repeat(15) }).maxTokens).toBe(5);
    const { max_tokens: _, ...unlimited } = spec('m', {}, { context_tokens: 20 });
    expect(planOf(settingsOf('m', { prompt: 'abc', ...endless }), unlimited, ALL, CHARS).maxTokens).toBe(17);
  });

  it('refuses what does not fit, with all three numbers', () => {
    expect(plan({ prompt: 'x'.repeat(15) }).maxTokens).toBe(5);
    const over = { prompt: 'x'.repeat(16) };
    expect(() => plan(over)).toThrow(refused('context_length_exceeded', '20', '16', '5'));
    const endless = { prompt: 'x'.repeat(20), max_tokens: undefined } as unknown as Partial<TextSettings>;
    expect(() => plan(endless)).toThrow(refused('context_length_exceeded', '20', '20'));
    expect(() => plan({ suffix: 'y'.repeat(16) })).toThrow(refused('context_length_exceeded', '20'));
    expect(() => plan({ prompt: Array<number>(16).fill(1) })).toThrow(
      refused('context_length_exceeded', '16'),
    );
  });

  it('counts no more of a long prompt than it takes to see that it is too long', () => {
    let longest = 0;
    const counting = {
      ...CHARS,
      encode: (text: string) => {
        longest = Math.max(longest, text.length);
        return CHARS.encode(text);
      },
    };
    const settings = settingsOf('m', { prompt: 'x'.repeat(100_000) });
    expect(() => planOf(settings, spec('m', {}), ALL, counting)).toThrow(
      refused('context_length_exceeded', '1024', 'more than'),
    );
    expect(longest).toBeLessThan(20_000);
  });

  it('refuses a longer text than the model writes', () => {
    expect(() => plan({ max_tokens: 11 })).toThrow(refused('invalid_settings', '11', '10'));
  });

  it.each([
    ['suffix', { suffix: 'x' }],
    ['logprobs', { logprobs: 0 }],
    ['echo', { echo: true }],
    ['seed', { seed: 1 }],
    ['presence_penalty', { presence_penalty: 0.1 }],
    ['frequency_penalty', { frequency_penalty: -0.1 }],
    ['token_prompts', { prompt: [1] }],
    ['chat', { prompt: undefined, messages: [{ role: 'user', content: 'hi' }] }],
  ])('refuses %s by its name where the model lacks it', (feature, settings) => {
    expect(() => plan(settings as never, {}, [])).toThrow(refused('invalid_settings', feature));
  });

  it('refuses what contradicts itself', () => {
    const messages = [{ role: 'user', content: 'hi' }];
    const chat = { prompt: undefined, messages };
    expect(() => plan({ ...chat, echo: true } as never)).toThrow(refused('invalid_settings', 'chat'));
    expect(() => plan({ prompt: [1], suffix: 'x' })).toThrow(refused('invalid_settings', 'suffix'));
  });
});
