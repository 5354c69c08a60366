import { describeFault } from './faults.ts';
import { behaveAs } from './module-hooks.ts';
import { MUTANTS } from './mutants.ts';
import { runSchedule, type ScheduleResult } from './schedule.ts';

/** Every so many-th schedule folds into the product's own view. */
const REAL_VIEWS_EVERY = 500;
/** More failures than this are no news. */
const MAX_FAILURES = 10;

export interface Campaign {
  readonly firstSeed: number;
  readonly schedules: number;
  /** Between two seeds of this campaign; others run those in between. */
  readonly stride: number;
  readonly mutant: string | undefined;
  /** Whether it ends with the first failure. */
  readonly stopsAtFailure: boolean;
}

export interface Failure {
  readonly seed: number;
  readonly violations: readonly string[];
}

/** What many schedules came to. Can be sent between threads. */
export interface Tally {
  schedules: number;
  happenings: number;
  /** The longest time from the last fault to the end of everything, in virtual ms. */
  longestRecoveryMs: number;
  readonly counts: Map<string, number>;
  readonly failures: Failure[];
}

/** Lives through a number of schedules. */
export async function runCampaign(campaign: Campaign): Promise<Tally> {
  const { firstSeed, schedules, stride, mutant, stopsAtFailure } = campaign;
  const tally = emptyTally();
  for (let seed = firstSeed; seed < firstSeed + schedules; seed += stride) {
    const result = await runSeed(seed, mutant);
    addTo(tally, {
      schedules: 1,
      happenings: result.happenings,
      longestRecoveryMs: result.recoveryMs,
      counts: result.counts,
      failures: result.violations.length > 0 ? [{ seed, violations: result.violations }] : [],
    });
    if (stopsAtFailure && tally.failures.length > 0) break;
  }
  return tally;
}

export function emptyTally(): Tally {
  return { schedules: 0, happenings: 0, longestRecoveryMs: 0, counts: new Map(), failures: [] };
}

export function addTo(
  tally: Tally,
  more: Omit<Tally, 'counts' | 'failures'> & {
    readonly counts: ReadonlyMap<string, number>;
    readonly failures: readonly Failure[];
  },
): void {
  tally.schedules += more.schedules;
  tally.happenings += more.happenings;
  tally.longestRecoveryMs = Math.max(tally.longestRecoveryMs, more.longestRecoveryMs);
  for (const [what, count] of more.counts) tally.counts.set(what, (tally.counts.get(what) ?? 0) + count);
  tally.failures.push(...more.failures.slice(0, MAX_FAILURES - tally.failures.length));
}

/** Whether and when a mutant was noticed. */
export interface Hunt {
  readonly mutant: string;
  readonly tally: Tally;
}

/** Lives through schedules with each mutant until it is noticed. */
export async function hunt(
  mutants: readonly string[],
  firstSeed: number,
  schedules: number,
): Promise<Hunt[]> {
  const hunts: Hunt[] = [];
  for (const mutant of mutants) {
    const tally = await runCampaign({ firstSeed, schedules, stride: 1, mutant, stopsAtFailure: true });
    hunts.push({ mutant, tally });
  }
  return hunts;
}

/** A schedule told step by step, with as few faults as still break the promise. */
export interface Explanation {
  readonly seed: number;
  readonly violations: readonly string[];
  readonly lines: readonly string[];
  /** Those that were needed. */
  readonly faults: readonly string[];
  /** Numbers of those that were not. */
  readonly without: readonly number[];
}

/** Runs a schedule again, leaves out one fault after the other as long as it still fails, and tells what is left. */
export async function explain(
  seed: number,
  mutant: string | undefined,
  leftOut: readonly number[],
): Promise<Explanation> {
  const without = new Set(leftOut);
  const first = await runSeed(seed, mutant, { without });
  const wanted = shapeOf(first.violations[0] ?? '');
  for (const [number] of first.violations.length > 0 ? first.faults.entries() : []) {
    if (without.has(number)) continue;
    without.add(number);
    const { violations } = await runSeed(seed, mutant, { without });
    if (!violations.some((violation) => shapeOf(violation) === wanted)) without.delete(number);
  }
  const { violations, lines, faults } = await runSeed(seed, mutant, { without, isTold: true });
  const struck = faults.flatMap((fault, number) => (without.has(number) ? [] : [describeFault(fault)]));
  return { seed, violations, lines, faults: struck, without: [...without].sort((a, b) => a - b) };
}

/** A violation without its numbers: another job may be the one that suffers. */
function shapeOf(violation: string): string {
  return violation.replaceAll(/\d+/g, '');
}

async function runSeed(
  seed: number,
  name: string | undefined,
  more: { readonly without?: ReadonlySet<number>; readonly isTold?: boolean } = {},
): Promise<ScheduleResult> {
  const mutant = name === undefined ? undefined : MUTANTS[name];
  if (name !== undefined && !mutant) throw new RangeError(`there is no mutant ${name}`);
  behaveAs(name);
  try {
    return await runSchedule({ seed, mutant, hasRealViews: seed % REAL_VIEWS_EVERY === 0, ...more });
  } finally {
    behaveAs(undefined);
  }
}
