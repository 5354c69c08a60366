import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Experiment } from './experiments/experiment.ts';
import type { StageName } from './fleet/backing.ts';
import { Fleet } from './fleet/fleet.ts';
import { MUTANTS } from './inside/mutants.ts';
import { Promises } from './load/promises.ts';
import { type Played, play } from './play.ts';

/** Room for the state of a few hundred jobs. */
const SMALL_DISK = 'size=48m';

const INTERRUPTED = 130;
const running = new Set<Fleet>();

/** Ends every fleet that runs, and then this process. */
export async function interrupt(): Promise<never> {
  await Promise.allSettled([...running].map((fleet) => fleet.destroy()));
  process.exit(INTERRUPTED);
}

/** Plays experiments one after the other on one fleet; `told` hears of each. The logs of a broken one are kept. */
export async function runOn(
  stage: StageName,
  experiments: readonly Experiment[],
  told: (played: Played) => void,
  mutant?: string,
): Promise<readonly Played[]> {
  const place = await mkdtemp(join(tmpdir(), 'genfleet-chaos-'));
  const [folder, logs] = [join(place, 'state'), join(place, 'logs')];
  await Promise.all([mkdir(folder), mkdir(logs)]);
  const isSmall = stage === 'small-disk';
  if (isSmall) execFileSync('mount', ['-t', 'tmpfs', '-o', SMALL_DISK, 'tmpfs', folder]);
  const all: Played[] = [];
  try {
    const needs = new Set(experiments.flatMap(({ needs: each = [] }) => each));
    const fleet = await Fleet.start({ stage, folder, logs, needs, mutant });
    running.add(fleet);
    try {
      const promises = new Promises();
      for (const experiment of experiments) {
        const played = await play(experiment, fleet, promises);
        all.push(played);
        told(played);
      }
    } finally {
      running.delete(fleet);
      await fleet.destroy();
    }
  } finally {
    if (isSmall) execFileSync('umount', [folder]);
    const isBroken = all.length < experiments.length || all.some(({ violations }) => violations.length > 0);
    if (isBroken && mutant === undefined) process.stderr.write(`logs are kept in ${logs}\n`);
    else await rm(place, { recursive: true, force: true });
  }
  return all;
}

/** Whether the experiment that a mutant breaks finds it broken. */
export async function isCaught(mutant: string, experiments: readonly Experiment[]): Promise<Played> {
  const name = MUTANTS[mutant]?.caughtBy;
  const experiment = experiments.find((each) => each.name === name);
  if (!experiment) throw new Error(`mutant ${mutant} names no experiment that could catch it`);
  const [played] = await runOn('embedded', [experiment], () => undefined, mutant);
  if (!played) throw new Error(`${name} was not played`);
  return played;
}
