import type { Model } from '@genfleet/client';
import { describe, expect, it } from '@jest/globals';
import { requestFor } from './request.ts';

const MODEL: Model = {
  name: 'm',
  kind: 'completion',
  aliases: [],
  samplers: [],
  demo: false,
  text: { context_tokens: 100, max_tokens: 50, features: ['suffix'] },
  workers: 1,
};
const WISHES = { temperature: 0.2, length: 20 };

describe('requestFor', () => {
  it('sends what stands before the cursor, for a streamed text of a bounded length and age', () => {
    expect(requestFor({ before: 'def add(a, b):', after: '' }, MODEL, WISHES)).toEqual({
      model: 'm',
      prompt: 'def add(a, b):',
      max_tokens: 20,
      temperature: 0.2,
      stop: ['\n\n', '\ndef ', '\nclass '],
      stream_options: { include_usage: true },
      deadline_seconds: 20,
    });
  });

  it('asks for nothing where there is nothing', () => {
    expect(requestFor({ before: ' \n', after: 'x = 1' }, MODEL, WISHES)).toBeUndefined();
  });

  it('sends what stands after the cursor to a model that fills in, and to no other', () => {
    const around = { before: 'def add(a, b):\n    ', after: '\n    return c\n' };
    expect(requestFor(around, MODEL, WISHES)?.suffix).toBe('\n    return c\n');
    const plain: Model = { ...MODEL, text: { context_tokens: 100, max_tokens: 50, features: [] } };
    expect(requestFor(around, plain, WISHES)).not.toHaveProperty('suffix');
    expect(requestFor({ ...around, after: '\n\n' }, MODEL, WISHES)).not.toHaveProperty('suffix');
  });

  it('wants only the rest of a line in the middle of one', () => {
    const stop = (after: string) => requestFor({ before: 'add(', after }, MODEL, WISHES)?.stop;
    expect(stop(')\nprint()')).toEqual(['\n']);
    expect(stop('  \nprint()')).toContain('\n\n');
  });

  it('sends whole lines of what is nearest to the cursor, within the context of the model', () => {
    const lines = Array.from({ length: 100 }, (_, line) => `line_${line} = ${line}\n`).join('');
    const request = requestFor({ before: lines, after: lines }, MODEL, WISHES);
    const prompt = String(request?.prompt);
    const suffix = String(request?.suffix);
    // two characters a token, 80 tokens left beside the text
    expect(prompt.length + suffix.length).toBeLessThanOrEqual(160);
    expect(prompt.length).toBeGreaterThan(suffix.length);
    expect(lines.endsWith(`\n${prompt}`)).toBe(true);
    expect(lines.startsWith(suffix)).toBe(true);
    expect(suffix.endsWith('\n')).toBe(true);
  });

  it('asks for no more than the model writes', () => {
    const request = requestFor({ before: 'x', after: '' }, MODEL, { ...WISHES, length: 160 });
    expect(request?.max_tokens).toBe(50);
  });

  it('keeps a demo model from going in circles, if it lets itself be kept', () => {
    const penalty = (model: Model) =>
      requestFor({ before: 'x', after: '' }, model, WISHES)?.frequency_penalty;
    const text: Model['text'] = { context_tokens: 100, max_tokens: 50, features: ['frequency_penalty'] };
    expect(penalty({ ...MODEL, text, demo: true })).toBeGreaterThan(0);
    expect(penalty({ ...MODEL, text })).toBeUndefined();
    expect(penalty({ ...MODEL, demo: true })).toBeUndefined();
  });
});
