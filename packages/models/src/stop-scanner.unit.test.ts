import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { StopScanner } from './stop-scanner.ts';

function scan(pieces: readonly string[], stops: readonly string[]) {
  const scanner = new StopScanner(stops);
  const out: string[] = [];
  for (const piece of pieces) out.push(scanner.push(piece));
  out.push(scanner.end());
  return { text: out.join(''), stopped: scanner.stopped, out };
}

/** What a generation of one character at a time leaves when it ends as soon as it sees a stop sequence. */
function generatedUntilStop(whole: string, stops: readonly string[]): string | undefined {
  for (let length = 1; length <= whole.length; length++) {
    const starts = stops.filter((stop) => whole.slice(0, length).endsWith(stop)).map((stop) => stop.length);
    if (starts.length > 0) return whole.slice(0, length - Math.max(...starts));
  }
  return undefined;
}

describe('StopScanner', () => {
  it('ends a text before the stop sequence that is complete first, however it is cut', () => {
    const letters = fc.constantFrom('a', 'b', '\n');
    const text = fc.string({ unit: letters, maxLength: 30 });
    const stop = fc.string({ unit: letters, minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(fc.array(text, { maxLength: 8 }), fc.array(stop, { maxLength: 4 }), (pieces, stops) => {
        const whole = pieces.join('');
        const result = scan(pieces, stops);
        const expected = generatedUntilStop(whole, stops);
        expect(result.text).toBe(expected ?? whole);
        expect(result.stopped).toBe(expected !== undefined);
      }),
      { numRuns: 2_000 },
    );
  });

  it('holds back only what may still become a stop sequence', () => {
    const scanner = new StopScanner(['\n\n', 'END']);
    expect(scanner.push('one\n')).toBe('one');
    expect(scanner.push('two EN')).toBe('\ntwo ');
    expect(scanner.push('TRY')).toBe('ENTRY');
    expect(scanner.push('EN')).toBe('');
    expect(scanner.end()).toBe('EN');
  });

  it('says nothing after a stop, and takes no notice of an empty sequence', () => {
    expect(scan(['abc', 'def'], ['b', '']).out).toEqual(['a', '', '']);
    expect(scan(['abc'], ['']).text).toBe('abc');
  });
});
