import { describe, expect, it } from '@jest/globals';
import { GIVE_UP_MS, retryDelayMs } from './retry-delay.ts';

describe('retryDelayMs', () => {
  it('doubles from 5 s to an hour, and tries some 30 times before it is given up', () => {
    let ageMs = 0;
    const triedAtSecond: number[] = [];
    while (ageMs <= GIVE_UP_MS) {
      triedAtSecond.push(ageMs / 1_000);
      ageMs += retryDelayMs(ageMs, 0, 0.5);
    }
    expect(triedAtSecond.slice(0, 8)).toEqual([0, 5, 10, 20, 40, 80, 160, 320]);
    expect(triedAtSecond.length).toBeGreaterThan(25);
    expect(triedAtSecond.length).toBeLessThan(40);
  });

  it('spreads by a fifth', () => {
    expect(retryDelayMs(100_000, 0, 0)).toBe(90_000);
    expect(retryDelayMs(100_000, 0, 0.999_999)).toBe(110_000);
  });

  it('waits as long as it was asked to, an hour at most', () => {
    expect(retryDelayMs(0, 120_000, 0.5)).toBe(120_000);
    expect(retryDelayMs(0, 1_000, 0.5)).toBe(5_000);
    expect(retryDelayMs(0, 1e12, 0.5)).toBe(3_600_000);
  });
});
