import type { LedgerAnswer } from '@genfleet/client';
import { numberIn, ofKind, recordsOf } from './answer.ts';

export interface Cause {
  /** An error's code. */
  readonly code: string;
  readonly jobs: number;
}

/** The answer of `dead-letters` by reason alone, the most frequent first. */
export function causesOf(answer: LedgerAnswer, kind: string): Cause[] {
  const jobs = new Map<string, number>();
  for (const record of ofKind(recordsOf(answer), kind)) {
    const code = String(record['reason'] ?? 'unknown');
    jobs.set(code, (jobs.get(code) ?? 0) + numberIn(record['jobs']));
  }
  return [...jobs]
    .map(([code, count]) => ({ code, jobs: count }))
    .sort((a, b) => b.jobs - a.jobs || (a.code < b.code ? -1 : 1));
}
