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

/** A forecast comes true, later than all before it. */
function comeTrue(calibration: WaitCalibration, forecastMs: number, actualMs: number, atMs: number): void {
  calibration.began(calibration.give(forecastMs, atMs - actualMs), atMs);
}

describe('WaitCalibration', () => {
  it('says nothing before it has seen enough', () => {
    const calibration = new WaitCalibration();
    for (let n = 0; n < 19; n++) comeTrue(calibration, 1_000, 1_000, n * 1_000);
    expect(calibration.of(1_000)).toBeUndefined();
    comeTrue(calibration, 1_000, 1_000, 20_000);
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
      comeTrue(calibration, forecastMs, actualMs, n * 1_000);
    }
    expect(inside / count).toBeGreaterThan(0.76);
    expect(inside / count).toBeLessThan(0.84);
    expect(below / count).toBeGreaterThan(0.45);
    expect(below / count).toBeLessThan(0.55);
  });

  it('holds as many though forecasts get worse all the time', () => {
    const random = randomOf(7);
    const calibration = new WaitCalibration();
    let inside = 0;
    const count = 4_000;
    for (let n = 0; n < count; n++) {
      const actualMs = 10_000 * 1.002 ** n * (0.9 + 0.2 * random());
      const said = calibration.of(10_000);
      if (said && said.lowMs <= actualMs && actualMs <= said.highMs) inside += 1;
      comeTrue(calibration, 10_000, actualMs, n * 1e9);
    }
    // none falls short of what was before it, so only the upper end can miss
    expect(inside / count).toBeGreaterThan(0.84);
    expect(inside / count).toBeLessThan(0.93);
  });

  it('learns from waits that go on beyond their range before they are over', () => {
    const calibration = new WaitCalibration();
    for (let n = 0; n < 100; n++) comeTrue(calibration, 10_000, 10_000, n * 1_000);
    const before = calibration.of(10_000)?.highMs ?? 0;
    const given = Array.from({ length: 100 }, () => calibration.give(10_000, 200_000));
    calibration.give(10_000, 209_000);
    expect(calibration.of(10_000)?.highMs).toBe(before);
    calibration.give(10_000, 212_000);
    const after = calibration.of(10_000)?.highMs ?? 0;
    expect(after).toBeGreaterThan(before);
    // each is one miss, however long it goes on
    calibration.give(10_000, 213_000);
    for (const forecast of given) calibration.left(forecast);
    expect(calibration.of(10_000)?.highMs).toBe(after);
  });

  it('keeps one of those that come true at once', () => {
    const calibration = new WaitCalibration();
    for (let n = 0; n < 40; n++) comeTrue(calibration, 1_000, 1_000, n);
    expect(calibration.of(1_000)).toBeUndefined();
  });

  it('forgets how it was', () => {
    const calibration = new WaitCalibration();
    for (let n = 0; n < 1_000; n++) comeTrue(calibration, 10_000, 100_000, n * 1_000);
    for (let n = 0; n < 500; n++) comeTrue(calibration, 10_000, 10_000, (n + 1_000) * 1_000);
    expect(calibration.of(10_000)?.highMs).toBeCloseTo(10_000);
  });
});
