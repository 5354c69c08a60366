import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { decodeBytes, decodeNumbers, encodeNumbers, encodeTexts, seedFor } from './tensors.ts';

const tensor = (datatype: string) => ({ name: 't', datatype, dims: [-1], optional: false });

describe('raw contents of tensors', () => {
  it.each([
    ['BOOL', fc.integer({ min: 0, max: 1 })],
    ['UINT8', fc.integer({ min: 0, max: 255 })],
    ['UINT16', fc.integer({ min: 0, max: 65_535 })],
    ['UINT32', fc.integer({ min: 0, max: 2 ** 32 - 1 })],
    ['UINT64', fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER })],
    ['INT32', fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })],
    ['INT64', fc.maxSafeInteger()],
    ['FP32', fc.float({ noNaN: true })],
    ['FP64', fc.double({ noNaN: true })],
  ])('of %s come back as they went', (datatype, number) => {
    fc.assert(
      fc.property(fc.array(number), (values) => {
        const bytes = encodeNumbers(tensor(datatype), values);
        expect(decodeNumbers('t', datatype, bytes)).toEqual(values);
      }),
    );
  });

  it('of texts come back as they went', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'grapheme' })), (texts) => {
        expect(decodeBytes('t', encodeTexts(texts)).map(String)).toEqual(texts);
      }),
    );
    expect(encodeTexts(['ab', ''])).toEqual(Buffer.from([2, 0, 0, 0, 97, 98, 0, 0, 0, 0]));
  });

  it('are refused when they are not what they say, naming the tensor', () => {
    expect(() => decodeNumbers('ids', 'INT32', Buffer.alloc(6))).toThrow(/ids/);
    expect(() => decodeNumbers('ids', 'BYTES', Buffer.alloc(4))).toThrow(/ids/);
    expect(() => decodeBytes('text', Buffer.from([1, 0]))).toThrow(/text/);
    expect(() => decodeBytes('text', Buffer.from([2, 0, 0, 0, 65]))).toThrow(/text/);
  });
});

describe('seeds', () => {
  it.each(['INT32', 'UINT32', 'UINT64', 'INT64'])('fit %s, the same for the same number', (datatype) => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), (seed) => {
        const fitted = seedFor(tensor(datatype), seed);
        expect(decodeNumbers('t', datatype, encodeNumbers(tensor(datatype), [fitted]))).toEqual([fitted]);
        expect(seedFor(tensor(datatype), seed)).toBe(fitted);
      }),
    );
    expect(seedFor(tensor(datatype), 5)).toBe(5);
  });
});
