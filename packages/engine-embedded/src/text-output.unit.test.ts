import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { TextOutput } from './text-output.ts';

/** A token is a byte. */
const bytes = { decode: (ids: readonly number[]) => Buffer.from(ids).toString('utf8') };
const score = { logprob: -1, top: [] };
const letters = fc.string({ unit: fc.constantFrom('a', 'b', 'ż', '日', '😀'), maxLength: 20 });

function written(text: string, stops: readonly string[], isScored: boolean) {
  const output = new TextOutput(bytes, stops);
  const deltas = [];
  for (const id of Buffer.from(text)) {
    deltas.push(output.push(id, isScored ? score : undefined));
    if (output.stopped) break;
  }
  deltas.push(output.end());
  return { output, deltas: deltas.filter((delta) => delta !== undefined) };
}

describe('TextOutput', () => {
  it('writes whole characters up to the first stop sequence', () => {
    const stops = fc.array(fc.string({ unit: fc.constantFrom('a', 'b', 'ż'), minLength: 1, maxLength: 3 }), {
      maxLength: 3,
    });
    fc.assert(
      fc.property(letters, stops, fc.boolean(), (text, wanted, isScored) => {
        const { output, deltas } = written(text, wanted, isScored);
        const joined = deltas.map((delta) => delta.text).join('');
        expect(text.startsWith(joined)).toBe(true);
        expect(wanted.some((stop) => joined.includes(stop))).toBe(false);
        expect(output.stopped).toBe(wanted.some((stop) => text.includes(stop)));
        if (!output.stopped) expect(joined).toBe(text);
        for (const delta of deltas) {
          expect(delta.text).not.toContain('\ufffd');
          expect(delta.tokens !== undefined).toBe(isScored);
          if (delta.tokens) expect(delta.tokens.map((token) => token.text).join('')).toBe(delta.text);
        }
      }),
    );
  });

  it('gives a score for every token of the text', () => {
    const { deltas } = written('ab😀c', [], true);
    expect(deltas.flatMap(({ tokens }) => tokens ?? [])).toHaveLength(7);
    expect(deltas.map(({ text }) => text)).toEqual(['a', 'b', '😀', 'c']);
  });

  it('cuts the token in which a stop sequence begins', () => {
    const words = { decode: (ids: readonly number[]) => ids.map((id) => ['foo(', ')\n\nx'][id]).join('') };
    const output = new TextOutput(words, ['\n\n']);
    expect(output.push(0, score)).toEqual({ text: 'foo(', tokens: [{ text: 'foo(', ...score }] });
    const rest = [output.push(1, score), output.end()].filter((delta) => delta !== undefined);
    expect(rest).toEqual([{ text: ')', tokens: [{ text: ')', ...score }] }]);
    expect(output.stopped).toBe(true);
  });

  it('ends with what is left of a character that never came', () => {
    expect(written('a', [], false).deltas).toEqual([{ text: 'a' }]);
    const output = new TextOutput(bytes, []);
    expect(output.push(0xf0, score)).toBeUndefined();
    expect(output.end()).toEqual({ text: '\ufffd', tokens: [{ text: '\ufffd', ...score }] });
  });
});
