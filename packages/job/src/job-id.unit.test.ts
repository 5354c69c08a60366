import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { isUuid, jobIdTimeMs, newJobId } from './job-id.ts';

describe('job ids', () => {
  it('carry the time they were made at', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 48 - 1 }), (nowMs) => {
        const id = newJobId(nowMs);
        expect(isUuid(id)).toBe(true);
        expect(jobIdTimeMs(id)).toBe(nowMs);
      }),
    );
  });

  it('sort by time', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: 0, max: 2 ** 48 - 1 }), { minLength: 2 }), (times) => {
        const ids = times.sort((a, b) => a - b).map(newJobId);
        expect([...ids].sort()).toEqual(ids);
      }),
    );
  });

  it('rise and differ within one millisecond', () => {
    const ids = Array.from({ length: 1_000 }, () => newJobId(1_800_000_000_000));
    expect(new Set(ids).size).toBe(ids.length);
    expect([...ids].sort()).toEqual(ids);
  });

  it('have no time in another version', () => {
    expect(jobIdTimeMs('54e72518-c85a-4780-95ae-d46ee6879a15')).toBeUndefined();
    expect(jobIdTimeMs('not an id')).toBeUndefined();
  });

  it.each([
    '',
    'x',
    '54E72518-C85A-4780-95AE-D46EE6879A15',
    '54e72518c85a478095aed46ee6879a15',
    '54e72518-c85a-0780-95ae-d46ee6879a15',
  ])('are not %j', (text) => {
    expect(isUuid(text)).toBe(false);
  });
});
