import { describe, expect, it } from '@jest/globals';
import { retentionOf } from './namespace.ts';

describe('retentionOf', () => {
  it.each([
    [Number.POSITIVE_INFINITY, -1, -1],
    [0, 0, 0],
    [1, 1, -1],
    [60_000, 1, -1],
    [60_001, 2, -1],
    [86_400_000, 1_440, -1],
  ])('keeps %d ms as %d minutes and %d MB', (retentionMs, retentionTimeInMinutes, retentionSizeInMB) => {
    expect(retentionOf(retentionMs)).toEqual({ retentionTimeInMinutes, retentionSizeInMB });
  });
});
