import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from '@jest/globals';

interface Logits {
  readonly ids: readonly number[];
  readonly logits: readonly (readonly number[])[];
  readonly likeliest: readonly number[];
}

describe('the code model beside PyTorch, number by number', () => {
  const file = new URL('../code-model/reference.json', import.meta.url);
  const expected = JSON.parse(readFileSync(file, 'utf8')) as Logits;
  let actual: Logits;

  beforeAll(() => {
    const script = fileURLToPath(new URL('../test/print-logits.ts', import.meta.url));
    const args = ['--disable-warning=ExperimentalWarning', script];
    actual = JSON.parse(execFileSync(process.execPath, args, { maxBuffer: 2 ** 24 }).toString());
  }, 120_000);

  it('splits a text into the same tokens', () => {
    expect(actual.ids).toEqual(expected.ids);
  });

  it('gives the same logits through the cache as without one', () => {
    expect(actual.logits).toHaveLength(expected.ids.length);
    for (const [position, row] of expected.logits.entries()) {
      for (const [id, logit] of row.entries()) {
        expect(Math.abs((actual.logits[position]?.[id] ?? Number.NaN) - logit)).toBeLessThan(2e-3);
      }
    }
  });

  it('holds the same tokens likeliest', () => {
    expect(actual.likeliest).toEqual(expected.likeliest);
  });
});
