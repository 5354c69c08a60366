import { describe, expect, it } from '@jest/globals';
import { type CalibratedWait, WaitCalibration } from './wait-calibration.ts';

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

const forecastOf = (waitMs: number) => ({ waitMs, turnMs: 1_000 });

interface Wait {
  readonly atMs: number;
  readonly forecastMs: number;
  readonly actualMs: number;
}

/** What was said of each, asked when it was forecast; those before it are told of as they begin. */
function saidOf(waits: readonly Wait[]): (CalibratedWait | undefined)[] {
  const calibration = new WaitCalibration();
  const out: { readonly endMs: number; readonly tell: () => void }[] = [];
  return waits.map(({ atMs, forecastMs, actualMs }) => {
    while ((out[0]?.endMs ?? atMs + 1) <= atMs) out.shift()?.tell();
    const said = calibration.of(forecastOf(forecastMs), atMs);
    const kept = calibration.keep(forecastOf(forecastMs), atMs);
    const endMs = atMs + actualMs;
    if (kept) out.push({ endMs, tell: () => calibration.began(kept, endMs) });
    out.sort((a, b) => a.endMs - b.endMs);
    return said;
  });
}

function sharesOf(waits: readonly Wait[]) {
  const said = saidOf(waits);
  let count = 0;
  let inside = 0;
  let below = 0;
  for (const [place, { actualMs }] of waits.entries()) {
    const range = said[place];
    if (!range) continue;
    count += 1;
    if (range.lowMs <= actualMs && actualMs <= range.highMs) inside += 1;
    if (actualMs < range.medianMs) below += 1;
  }
  return { count, inside: inside / count, below: below / count };
}

describe('WaitCalibration', () => {
  it('says nothing before it has seen enough waits, over long enough', () => {
    const waits = Array.from({ length: 30 }, (_, n) => ({ atMs: n * 1_000, forecastMs: 900, actualMs: 900 }));
    const said = saidOf(waits);
    // with the two longest the curve has ended
    const first = said.findIndex((range) => range);
    expect(first).toBe(22);
    const range = said[first];
    for (const ms of [range?.medianMs, range?.lowMs, range?.highMs]) expect(ms).toBeCloseTo(900);
    // as many within less than two runs
    const atOnce = waits.map((wait) => ({ ...wait, atMs: wait.atMs / 20, actualMs: 0 }));
    expect(saidOf(atOnce).at(-1)).toBeUndefined();
  });

  it.each([
    ['twice too low, and noisy', (forecast: number, noise: number) => 2 * forecast * (0.5 + noise)],
    ['far too high', (forecast: number, noise: number) => 0.05 * forecast + 2_000 * noise],
    ['skewed', (forecast: number, noise: number) => forecast * (0.2 + 10 * noise ** 8)],
  ])('has a range that holds four of five waits where the forecast is %s', (_, actualOf) => {
    const random = randomOf(7);
    const waits = Array.from({ length: 3_000 }, (_wait, n) => {
      const forecastMs = 1_000 + 60_000 * random();
      return { atMs: n * 2_000, forecastMs, actualMs: actualOf(forecastMs, random()) };
    });
    const { count, inside, below } = sharesOf(waits);
    expect(count).toBeGreaterThan(2_800);
    expect(inside).toBeGreaterThan(0.77);
    expect(inside).toBeLessThan(0.83);
    expect(below).toBeGreaterThan(0.46);
    expect(below).toBeLessThan(0.54);
  });

  it('is not misled by the short waits being over first', () => {
    const random = randomOf(3);
    // half begin at once, the others after longer than has passed
    const calibration = new WaitCalibration();
    for (let n = 0; n < 200; n++) {
      const kept = calibration.keep(forecastOf(5_000), n * 500);
      if (kept && random() < 0.5) calibration.began(kept, n * 500 + 2_000 * random());
    }
    // nobody knows how long nine of ten wait
    expect(calibration.of(forecastOf(5_000), 100_000)).toBeUndefined();
  });

  it('keeps its lower end at the forecast: the line may stop growing any time', () => {
    const waits = Array.from({ length: 60 }, (_, n) => ({
      atMs: n * 10_000,
      forecastMs: 10_000,
      actualMs: 40_000,
    }));
    const said = saidOf(waits).at(-1);
    expect(said?.lowMs).toBe(10_000);
    expect(said?.highMs).toBeCloseTo(40_000);
  });

  it('counts a job that left as one that would have waited longer', () => {
    const calibration = new WaitCalibration();
    for (let n = 0; n < 100; n++) {
      const kept = calibration.keep(forecastOf(1_000), n * 1_000);
      if (!kept) continue;
      if (n % 4 === 0) calibration.left(kept, n * 1_000 + 500);
      else calibration.began(kept, n * 1_000 + 1_000);
    }
    expect(calibration.of(forecastOf(1_000), 100_000)?.highMs).toBeCloseTo(1_000);
  });

  it('keeps forecasts of some length of time, however many there are', () => {
    const waits = Array.from({ length: 6_000 }, (_, n) => ({
      atMs: n * 50,
      forecastMs: 10_000,
      // at first all wait twice as long
      actualMs: n < 3_000 ? 20_000 : 10_000,
    }));
    const said = saidOf(waits);
    expect(said[2_900]?.highMs).toBeCloseTo(20_000);
    expect(said[3_300]?.highMs).toBeCloseTo(20_000);
    expect(said.at(-1)?.highMs).toBeCloseTo(10_000);
  });
});
