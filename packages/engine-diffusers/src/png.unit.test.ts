import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { pngOf } from '../test/png-of.ts';
import { checkPng } from './png.ts';

const PNG = pngOf(8, 16);

describe('checkPng', () => {
  it('takes a whole PNG of the right size', () => {
    expect(() => checkPng(PNG, 8, 16)).not.toThrow();
  });

  it('names the size that is wrong', () => {
    expect(() => checkPng(PNG, 16, 8)).toThrow('is 8×16 where 16×8 was asked for');
  });

  it('notices wherever it is cut off', () => {
    for (let length = 0; length < PNG.length; length++) {
      expect(() => checkPng(PNG.subarray(0, length), 8, 16)).toThrow('an image of the engine');
    }
  });

  it('notices any changed bit', () => {
    fc.assert(
      fc.property(fc.nat(PNG.length - 1), fc.nat(7), (at, bit) => {
        const changed = Buffer.from(PNG);
        changed[at] = (changed[at] ?? 0) ^ (1 << bit);
        expect(() => checkPng(changed, 8, 16)).toThrow('an image of the engine');
      }),
    );
  });

  it('notices what follows the end', () => {
    expect(() => checkPng(Buffer.concat([PNG, PNG]), 8, 16)).toThrow('no proper PNG');
  });
});
