import type { Experiment } from './experiments/experiment.ts';
import type { Fleet } from './fleet/fleet.ts';
import { Caller } from './load/caller.ts';
import { Load } from './load/load.ts';
import type { Promises } from './load/promises.ts';
import { archiveFaults } from './oracle/archive.ts';
import { judge, type Verdict } from './oracle/judge.ts';
import { verifyReceipts } from './oracle/verify.ts';
import { within } from './within.ts';

/** Jobs that are completed before anything is done, to see that all is well. */
const WARM_UP_JOBS = 6;
const WARM_UP_MS = 60_000;
/** Longer than any fault lasts. */
const INJECT_MS = 5 * 60_000;
/** After the recovery: for everything that was promised to end. */
const SETTLE_MS = 60_000;
/** For a broken build, of which not everything does: longer than a dead worker's claim holds a job. */
const BROKEN_SETTLE_MS = 35_000;

/** For the recorder to come to the end of the topics. */
const ARCHIVED_MS = 60_000;

/** What became of one experiment. Times in ms. */
export interface Played extends Verdict {
  readonly name: string;
  readonly injects: string;
  readonly stage: string;
  /** Calls that were sent again: connections that broke, and answers that asked for it. */
  readonly resets: number;
  readonly busy: number;
  readonly faultMs: number;
  /** From the end of the fault to the end of the first job that was accepted after it. */
  readonly recoveryMs: number | undefined;
  /** From the end of the fault until the last job that was accepted before had ended. */
  readonly settledMs: number | undefined;
  /** All of it, with the oracles. */
  readonly tookMs: number;
}

/** Plays one experiment on a fleet at work, and asks both oracles. `kept` are all promises of the run so far. */
export async function play(experiment: Experiment, fleet: Fleet, kept: Promises): Promise<Played> {
  const { name, injects, recoversWithinMs } = experiment;
  const startedMs = performance.now();
  const before = {
    jobs: kept.all.length,
    resets: kept.resets,
    busy: kept.busy,
    receipts: kept.receipts.length,
  };
  const faults: string[] = [];
  const attempt = async <T>(work: Promise<T>): Promise<T | undefined> => {
    try {
      return await work;
    } catch (error) {
      faults.push(error instanceof Error ? error.message : String(error));
      return undefined;
    }
  };
  await fleet.ready();
  const load = new Load(new Caller(fleet.urls, fleet.backing.headers, kept), kept);
  load.start();
  await attempt(load.completes(WARM_UP_JOBS, WARM_UP_MS));
  const beganMs = performance.now();
  await attempt(within(INJECT_MS, 'the fault to be over', experiment.inject({ fleet, load })));
  const overMs = performance.now();
  const recoveryMs = await attempt(load.recovers(overMs, recoversWithinMs));
  await load.stop(fleet.options.mutant === undefined ? SETTLE_MS : BROKEN_SETTLE_MS);
  await attempt(fleet.ready());
  const jobs = kept.all.slice(before.jobs);
  const { directEnv: env, headers } = fleet.backing;
  const [verdict, given, archived] = await Promise.all([
    judge({
      ...{ promises: kept, jobs, urls: fleet.urls, headers, env, ledger: fleet.ledger },
      mayDie: experiment.mayDie ?? (() => false),
    }),
    verifyReceipts(fleet, kept, experiment.verifiesAll ? 0 : before.receipts),
    experiment.looksAtArchive ? archiveFaults(env, ARCHIVED_MS) : [],
  ]);
  const ended = fleet.members.flatMap((member) => member.takeFault());
  kept.refused.length = 0;
  const old = jobs.filter(({ acceptedMs }) => acceptedMs <= overMs);
  const lastMs = Math.max(overMs, ...old.map(({ end }) => end?.seenMs ?? Number.POSITIVE_INFINITY));
  return {
    ...{ name, injects, stage: fleet.options.stage },
    ...verdict,
    violations: [...faults, ...ended, ...verdict.violations, ...given, ...archived],
    resets: kept.resets - before.resets,
    busy: kept.busy - before.busy,
    faultMs: overMs - beganMs,
    recoveryMs,
    settledMs: Number.isFinite(lastMs) ? lastMs - overMs : undefined,
    tookMs: performance.now() - startedMs,
  };
}
