import { describe, expect, it } from '@jest/globals';
import type { Piece } from './layout.ts';
import type { Plan } from './plan.ts';
import { TextWriter } from './text-writer.ts';

const CHARS = { encode: (text: string) => [...text].map(() => 1), decode: () => '' };

function write(pieces: readonly Piece[], plan: Partial<Plan> = {}) {
  const given: string[] = [];
  const whole = {
    ...{ prompt: 'p', promptIds: [1], echo: '', maxTokens: 5, greedy: true, temperature: 0, topP: 1 },
    ...{ seed: undefined, presencePenalty: 0, frequencyPenalty: 0, stops: [], ...plan },
  };
  const writer = new TextWriter(whole, CHARS, ({ text }) => given.push(text));
  writer.begin();
  const taken = pieces.findIndex((piece) => writer.take(piece)) + 1 || pieces.length;
  return { ...writer.end(), text: given.join(''), given, taken };
}

describe('a text on its way out', () => {
  it('ends before a stop sequence, and counts what was written for it', () => {
    const pieces = ['a', 'b', 'c', 'd'].map((text) => ({ text, tokens: 1 }));
    expect(write(pieces, { stops: ['bc'] })).toMatchObject({
      ...{ text: 'a', finishReason: 'stop', completionTokens: 3, taken: 3 },
    });
  });

  it('ends at its length, whatever the model goes on to say', () => {
    const pieces = Array.from({ length: 8 }, () => ({ text: 'x', tokens: 1 }));
    expect(write(pieces)).toMatchObject({
      text: 'xxxxx',
      finishReason: 'length',
      completionTokens: 5,
      taken: 6,
    });
  });

  it('is counted by the tokenizer where the model does not count', () => {
    expect(write([{ text: 'ab' }, { text: 'c' }])).toMatchObject({
      finishReason: 'stop',
      completionTokens: 3,
    });
    expect(write([{ text: 'abcde' }])).toMatchObject({ finishReason: 'length', completionTokens: 5 });
    expect(write([{ text: 'abcdefg' }])).toMatchObject({ finishReason: 'length', completionTokens: 5 });
  });

  it('believes the model about why it ended', () => {
    expect(write([{ text: 'abcde', finish: 'stop' }]).finishReason).toBe('stop');
    expect(write([{ text: 'a', finish: 'length' }]).finishReason).toBe('length');
  });

  it('begins with the echo, which no stop sequence cuts', () => {
    expect(write([{ text: 'bye' }], { echo: 'stop', stops: ['stop'] }).given).toEqual(['stop', 'bye']);
  });

  it('gives what was held back when nothing follows', () => {
    expect(write([{ text: 'one s' }], { stops: ['stop'] }).given).toEqual(['one ', 's']);
  });

  it('does not go on without end', () => {
    expect(() => write([{ text: 'x'.repeat(10_000) }])).toThrow(/10000 characters/);
  });
});
