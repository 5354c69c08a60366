import type { LedgerAnswer } from '@genfleet/client';
import { describe, expect, it } from '@jest/globals';
import { numberIn, timeIn } from './answer.ts';
import { causesOf } from './failures.ts';
import { binsOf, sumOf, ticksTo, totalOf } from './throughput.ts';
import { longestMs, placeOf, spreadsOf } from './waits.ts';

const answer = (names: string, ...rows: unknown[][]): LedgerAnswer => ({
  columns: names.split(' ').map((name) => ({ name, type: 'varchar' })),
  rows,
  truncated: false,
  elapsed_ms: 1,
});
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const NOW_MS = Date.parse('2026-03-02T12:30:00Z');
const AT = { nowMs: NOW_MS, zoneMs: 0 };
const ALL = { fromMs: undefined, toMs: undefined };

describe('what the ledger answers', () => {
  it('is read however the engine writes it', () => {
    const ms = Date.parse('2026-03-02T10:00:00Z');
    for (const text of ['2026-03-02 10:00:00.000 UTC', '2026-03-02T10:00:00.000Z', '2026-03-02 10:00:00+00'])
      expect(timeIn(text)).toBe(ms);
    expect(timeIn(null)).toBeUndefined();
    expect(['12', 12, null, '', 'x'].map(numberIn)).toEqual([12, 12, 0, 0, 0]);
  });
});

describe('binsOf', () => {
  const ENDS = answer(
    'hour kind completed failed cancelled',
    ['2026-03-02 10:00:00.000 UTC', 'txt2img', 3, 1, 0],
    ['2026-03-02 10:00:00.000 UTC', 'completion', '4', '0', '0'],
    ['2026-03-02 12:00:00.000 UTC', 'txt2img', 0, 0, 2],
  );

  it('counts by the hour, from the first job to the hour under way', () => {
    const bins = binsOf(ENDS, '', ALL, AT);
    expect(bins.map(({ counts }) => counts)).toEqual([
      { completed: 7, failed: 1, cancelled: 0 },
      { completed: 0, failed: 0, cancelled: 0 },
      { completed: 0, failed: 0, cancelled: 2 },
    ]);
    expect(bins.at(-1)?.toMs).toBe(Date.parse('2026-03-02T13:00:00Z'));
    expect(sumOf(bins)).toEqual({ completed: 7, failed: 1, cancelled: 2 });
  });

  it('counts one kind if one is chosen', () => {
    expect(sumOf(binsOf(ENDS, 'txt2img', ALL, AT))).toEqual({ completed: 3, failed: 1, cancelled: 2 });
  });

  it.each([
    ['a day', DAY_MS, HOUR_MS],
    ['a week', 7 * DAY_MS, 3 * HOUR_MS],
    ['a month', 30 * DAY_MS, 12 * HOUR_MS],
    ['a year', 365 * DAY_MS, 7 * DAY_MS],
    ['thirty years', 30 * 365 * DAY_MS, 4_380 * HOUR_MS],
  ])('keeps the chart of %s readable and loses nothing', (_name, spanMs, widthMs) => {
    const bins = binsOf(ENDS, '', { fromMs: NOW_MS - spanMs, toMs: undefined }, AT);
    expect(bins.length).toBeGreaterThan(20);
    expect(bins.length).toBeLessThanOrEqual(61);
    expect((bins[0]?.toMs ?? 0) - (bins[0]?.fromMs ?? 0)).toBe(widthMs);
    expect(totalOf(sumOf(bins))).toBe(10);
  });

  it('begins days at midnight of the wall clock', () => {
    const zoneMs = 2 * HOUR_MS;
    const [first] = binsOf(
      ENDS,
      '',
      { fromMs: NOW_MS - 50 * DAY_MS, toMs: undefined },
      { nowMs: NOW_MS, zoneMs },
    );
    expect(((first?.fromMs ?? 0) + zoneMs) % DAY_MS).toBe(0);
  });

  it('counts an hour that began before the period in its first bin', () => {
    const bins = binsOf(ENDS, '', { fromMs: NOW_MS - 2 * HOUR_MS, toMs: NOW_MS }, AT);
    expect(bins[0]?.counts).toEqual({ completed: 7, failed: 1, cancelled: 0 });
  });

  it('is empty without jobs', () => {
    expect(binsOf(answer('hour kind completed'), '', ALL, AT)).toEqual([]);
  });
});

describe('ticksTo', () => {
  it.each([
    [0, [0, 1]],
    [1, [0, 1]],
    [3, [0, 1, 2, 3]],
    [7, [0, 2, 4, 6, 8]],
    [10, [0, 5, 10]],
    [1_234, [0, 500, 1_000, 1_500]],
  ])('reaches %d with round numbers', (max, ticks) => {
    expect(ticksTo(max)).toEqual(ticks);
  });
});

describe('spreadsOf', () => {
  it('takes the percentiles that there are, the busiest model first', () => {
    const spreads = spreadsOf(
      answer(
        'kind model runs p50_ms p95_ms max_ms',
        ['txt2img', 'a', 1, 5, 9, 9],
        ['completion', 'b', 7, 1, 100, 900],
      ),
      '',
    );
    expect(spreads).toEqual([
      {
        name: 'b',
        runs: 7,
        percentiles: [
          { name: 'p50', ms: 1 },
          { name: 'p95', ms: 100 },
        ],
      },
      expect.objectContaining({ name: 'a' }),
    ]);
    expect(longestMs(spreads)).toBe(100);
    expect(longestMs([])).toBe(1);
  });

  it('places short ones apart and the longest at the end', () => {
    expect([0, 25, 100].map((ms) => placeOf(ms, 100))).toEqual([0, 0.5, 1]);
  });
});

describe('causesOf', () => {
  it('adds up what kinds and tenants have in common', () => {
    const dead = answer(
      'reason kind tenant jobs',
      ['out_of_memory', 'txt2img', 'a', 1],
      ['engine_failed', 'txt2img', 'a', 2],
      ['out_of_memory', 'completion', 'b', 3],
    );
    expect(causesOf(dead, '')).toEqual([
      { code: 'out_of_memory', jobs: 4 },
      { code: 'engine_failed', jobs: 2 },
    ]);
    expect(causesOf(dead, 'completion')).toEqual([{ code: 'out_of_memory', jobs: 3 }]);
  });
});
