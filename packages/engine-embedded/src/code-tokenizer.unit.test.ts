import { fileURLToPath } from 'node:url';
import { loadTokenizer, type Tokenizer } from '@genfleet/models';
import { beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { TextOutput } from './text-output.ts';

describe('the code model’s tokenizer', () => {
  let tokenizer: Tokenizer;

  beforeAll(async () => {
    tokenizer = await loadTokenizer(fileURLToPath(new URL('../code-model/tokenizer.json', import.meta.url)));
  });

  const code = fc
    .array(
      fc.oneof(
        fc.constantFrom('def ', 'self.', 'return', '\n', '\n\n', '    ', '\t', '\r\n', '"""', '):', '0', ' '),
        fc.string({ unit: 'binary', maxLength: 6 }),
      ),
      { maxLength: 30 },
    )
    .map((parts) => parts.join(''));

  it('gives every text back, at once and token by token', () => {
    fc.assert(
      fc.property(code, (text) => {
        const ids = tokenizer.encode(text);
        expect(tokenizer.decode(ids)).toBe(text);
        const output = new TextOutput(tokenizer, []);
        const deltas = [...ids.map((id) => output.push(id, undefined)), output.end()];
        expect(deltas.map((delta) => delta?.text ?? '').join('')).toBe(text);
      }),
      { numRuns: 500 },
    );
  });

  it('ends a token where an editor’s cursor stands: after a newline and after the indentation', () => {
    const line = 'def add(a, b):\n    return a + b\n';
    for (const end of ['def add(a, b):', 'def add(a, b):\n', 'def add(a, b):\n    ']) {
      const ids = tokenizer.encode(end);
      expect(tokenizer.encode(line).slice(0, ids.length)).toEqual(ids);
    }
  });

  it('knows the tokens of its templates, and leaves them out of text', () => {
    expect(tokenizer.encode('<fim_prefix>a<fim_suffix><fim_middle><eof>')).toHaveLength(5);
    expect(tokenizer.decode([0, 1, ...tokenizer.encode('a'), 2, 3])).toBe('a');
  });
});
