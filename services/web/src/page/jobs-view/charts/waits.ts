import type { LedgerAnswer } from '@genfleet/client';
import { numberIn, ofKind, recordsOf } from './answer.ts';

/** How long the runs of one model took, or waited. */
export interface Spread {
  readonly name: string;
  readonly runs: number;
  /** In ms, by percentile (`p50`), the smallest first. */
  readonly percentiles: readonly { readonly name: string; readonly ms: number }[];
}

const PERCENTILE = /^(p\d+)_ms$/;

/** The answer of `wait-percentiles` or `run-percentiles`, the model with the most runs first. */
export function spreadsOf(answer: LedgerAnswer, kind: string): Spread[] {
  const names = answer.columns.flatMap(({ name }) => PERCENTILE.exec(name)?.[1] ?? []);
  return ofKind(recordsOf(answer), kind)
    .map((record) => ({
      name: String(record['model'] ?? 'without a model'),
      runs: numberIn(record['runs']),
      percentiles: names.map((name) => ({ name, ms: numberIn(record[`${name}_ms`]) })),
    }))
    .sort((a, b) => b.runs - a.runs);
}

/** Of what was waited at the utmost: the scale that spreads share. At least 1 ms. */
export function longestMs(spreads: readonly Spread[]): number {
  return Math.max(1, ...spreads.flatMap(({ percentiles }) => percentiles.map(({ ms }) => ms)));
}

/**
 * Where a duration stands on a scale from 0 to 1. By square root: waits of a fleet span from milliseconds to hours, and
 * the short ones should not all be one dot, nor should a long one look short.
 */
export function placeOf(ms: number, longest: number): number {
  return Math.sqrt(Math.min(ms, longest) / longest);
}
