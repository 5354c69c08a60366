import { describe, expect, it } from '@jest/globals';
import { WaitCalibration } from './wait-calibration.ts';

/** The same numbers every time: mulberry32. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

describe('WaitCalibration', () => {
  it('says nothing before it has seen enough', () => {
    const calibration = new WaitCalibration();
    for (let n = 0; n < 19; n++) calibration.learn(1_000, 1_000);
    expect(calibration.of(1_000)).toBeUndefined();
    calibration.learn(1_000, 1_000);
    expect(calibration.of(1_000)).toEqual({ medianMs: 1_000, lowMs: 1_000, highMs: 1_000 });
  });

  it.each([
    ['twice too low, and noisy', (forecast: number, noise: number) => 2 * forecast * (0.5 + noise)],
    ['far too high', (forecast: number, noise: number) => 0.05 * forecast + 2_000 * noise],
    ['skewed', (forecast: number, noise: number) => forecast * (0.2 + 10 * noise ** 8)],
  ])('has a range that holds four of five waits where the forecast is %s', (_, actualOf) => {
    const random = randomOf(7);
    const calibration = new WaitCalibration();
    let inside = 0;
    let below = 0;
    const count = 5_000;
    for (let n = 0; n < count; n++) {
      const forecastMs = 1_000 + 60_000 * random();
      const actualMs = actualOf(forecastMs, random());
      const said = calibration.of(forecastMs);
      if (said && said.lowMs <= actualMs && actualMs <= said.highMs) inside += 1;
      if (said && actualMs < said.medianMs) below += 1;
      calibration.learn(forecastMs, actualMs);
    }
    expect(inside / count).toBeGreaterThan(0.76);
    expect(inside / count).toBeLessThan(0.84);
    expect(below / count).toBeGreaterThan(0.45);
    expect(below / count).toBeLessThan(0.55);
  });

  it('forgets how it was', () => {
    const calibration = new WaitCalibration();
    for (let n = 0; n < 1_000; n++) calibration.learn(10_000, 100_000);
    for (let n = 0; n < 500; n++) calibration.learn(10_000, 10_000);
    expect(calibration.of(10_000)?.highMs).toBeCloseTo(10_000);
  });
});
