import type { LedgerAnswer } from '@genfleet/client';
import type { Period } from '../filter.ts';
import { numberIn, ofKind, recordsOf, timeIn } from './answer.ts';

/** Ends of jobs, in the order in which they are stacked. */
export const OUTCOMES = ['completed', 'failed', 'cancelled'] as const;
export type Outcome = (typeof OUTCOMES)[number];
export type Counts = Readonly<Record<Outcome, number>>;

/** Jobs that ended from `fromMs` on and before `toMs` (Unix ms). */
export interface Bin {
  readonly fromMs: number;
  readonly toMs: number;
  readonly counts: Counts;
}

const HOUR_MS = 3_600_000;
const WIDTHS_HOURS = [1, 2, 3, 6, 12, 24, 48, 168, 336, 728] as const;
const MAX_BINS = 60;

interface Hour {
  readonly ms: number;
  readonly counts: Counts;
}

function hoursOf(answer: LedgerAnswer, kind: string): Hour[] {
  return ofKind(recordsOf(answer), kind).flatMap((record) => {
    const ms = timeIn(record['hour']);
    return ms === undefined ? [] : [{ ms, counts: countsOf((outcome) => numberIn(record[outcome])) }];
  });
}

function countsOf(count: (outcome: Outcome) => number): Record<Outcome, number> {
  return { completed: count('completed'), failed: count('failed'), cancelled: count('cancelled') };
}

/** How bins lie on the clock: as wide as it takes for at most `MAX_BINS`, days beginning at midnight. */
export interface BinOptions {
  readonly nowMs: number;
  /** What the clock on the wall is ahead of UTC. */
  readonly zoneMs: number;
}

/**
 * The answer of `outcomes-per-hour` in bins of one width over the whole period, the empty ones among them. A period without
 * a beginning begins with the first job; the last bin is the one that is under way unless the period ends before.
 */
export function binsOf(
  answer: LedgerAnswer,
  kind: string,
  { fromMs, toMs }: Period,
  { nowMs, zoneMs }: BinOptions,
): Bin[] {
  const hours = hoursOf(answer, kind);
  if (hours.length === 0) return [];
  const first = fromMs ?? Math.min(...hours.map(({ ms }) => ms));
  const end = Math.max(toMs ?? nowMs, first + 1);
  const widthMs = widthFor(end - first);
  const start = Math.floor((first + zoneMs) / widthMs) * widthMs - zoneMs;
  const count = Math.ceil((end - start) / widthMs);
  const counts = Array.from({ length: count }, () => countsOf(() => 0));
  for (const { ms, counts: ended } of hours) {
    // an hour that began before the period belongs to its first bin
    const at = counts[Math.max(0, Math.floor((ms - start) / widthMs))];
    if (at) for (const outcome of OUTCOMES) at[outcome] += ended[outcome];
  }
  return counts.map((each, index) => ({
    fromMs: start + index * widthMs,
    toMs: start + (index + 1) * widthMs,
    counts: each,
  }));
}

function widthFor(spanMs: number): number {
  const hours = WIDTHS_HOURS.find((width) => spanMs / (width * HOUR_MS) <= MAX_BINS);
  // ever wider: a record may go back for decades
  return (hours ?? Math.ceil(spanMs / (MAX_BINS * HOUR_MS))) * HOUR_MS;
}

export function totalOf(counts: Counts): number {
  return OUTCOMES.reduce((sum, outcome) => sum + counts[outcome], 0);
}

export function sumOf(bins: readonly Bin[]): Counts {
  return countsOf((outcome) => bins.reduce((sum, { counts }) => sum + counts[outcome], 0));
}

/** Whole numbers of an axis from 0, at most five of them, the last at least `max`. */
export function ticksTo(max: number): number[] {
  const rough = Math.max(1, max / 4);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((each) => each * power).find((each) => each >= rough) ?? rough;
  const count = Math.max(1, Math.ceil(max / step));
  return Array.from({ length: count + 1 }, (_, index) => index * step);
}
