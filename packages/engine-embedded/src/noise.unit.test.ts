import { describe, expect, it } from '@jest/globals';
import { Noise } from './noise.ts';

describe('Noise', () => {
  it('is standard normal', () => {
    const values = new Noise(1).normal(100_000);
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
    const beyondTwo = values.filter((value) => Math.abs(value) > 2).length / values.length;
    expect(Math.abs(mean)).toBeLessThan(0.02);
    expect(Math.abs(variance - 1)).toBeLessThan(0.03);
    expect(Math.abs(beyondTwo - 0.0455)).toBeLessThan(0.004);
  });

  it('repeats for a seed and differs for its neighbours, up to the largest', () => {
    const first = (seed: number) => [...new Noise(seed).normal(3)];
    expect(first(42)).toEqual(first(42));
    const seeds = [0, 1, 2, Number.MAX_SAFE_INTEGER - 1, Number.MAX_SAFE_INTEGER];
    expect(new Set(seeds.map((seed) => String(first(seed)))).size).toBe(seeds.length);
  });
});
