import { Clients } from './clients.ts';
import { arm, drawFaults, FAULTS_MS, type Fault } from './faults.ts';
import { Fleet } from './fleet.ts';
import type { Mutant } from './mutants.ts';
import { Random } from './random.ts';
import { useTimeOf } from './virtual-time.ts';
import { drawWorkerSettings } from './worker-process.ts';
import { World } from './world.ts';

/** From the end of the last fault: everything must have ended within this virtual time. */
const END_WITHIN_MS = 600_000;
/** How long it is watched afterwards that nothing changes any more. */
const WATCH_MS = 30_000;

export interface ScheduleOptions {
  readonly seed: number;
  readonly mutant?: Mutant | undefined;
  readonly isTold?: boolean;
  readonly hasRealViews?: boolean;
  /** Faults that are left out, by their number. */
  readonly without?: ReadonlySet<number>;
}

export interface ScheduleResult {
  readonly seed: number;
  readonly violations: readonly string[];
  readonly counts: ReadonlyMap<string, number>;
  readonly lines: readonly string[];
  readonly faults: readonly Fault[];
  /** From the end of the faults to the end of the last job, in virtual ms; 0 when that was before. */
  readonly recoveryMs: number;
  readonly happenings: number;
}

/** Lives through the schedule of a seed, and says what was broken on the way. */
export async function runSchedule(options: ScheduleOptions): Promise<ScheduleResult> {
  const { seed, mutant, isTold = false, hasRealViews = false, without = new Set() } = options;
  const world = new World({ seed, mutant, isTold, hasRealViews });
  const { scheduler, story, oracle, broker } = world;
  useTimeOf(scheduler);
  try {
    const random = Random.of(seed, 'fleet');
    const clients = new Clients(world);
    const fleet = new Fleet(world, drawWorkerSettings(random), (task) => clients.planOf(task));
    const clock = clockOffsets(random);
    const workers = Array.from({ length: random.int(2, 3) }, (_, place) => `worker-${place + 1}`);
    const apis = ['api-1', 'api-2'];
    const faults = drawFaults(seed, workers, apis);
    arm(
      world,
      fleet,
      faults.filter((_, number) => !without.has(number)),
    );
    for (const name of apis) fleet.add(name, false, clock());
    for (const name of workers) fleet.add(name, true, clock());
    clients.begin(fleet);
    const begin = scheduler.nowMs;
    const lastFaultMs = begin + FAULTS_MS;
    await scheduler.run(lastFaultMs, () => false);
    const requests = broker.subscription('requested_txt2img_generation', 'workers');
    const isQuiet = () => oracle.hasEnded && clients.areDone && requests.backlog === 0;
    const ended = await scheduler.run(lastFaultMs + END_WITHIN_MS, isQuiet);
    const recoveryMs = scheduler.nowMs - lastFaultMs;
    if (ended !== 'done') {
      const left = `${requests.backlog} unsettled deliveries, clients ${clients.areDone ? 'done' : 'asking'}`;
      story.violated(
        `not at its end ${END_WITHIN_MS / 1_000} s after the last fault (${ended}): ${left}, open ${oracle.open.join(', ') || 'none'}`,
      );
    }
    await scheduler.run(scheduler.nowMs + WATCH_MS, () => false);
    oracle.judge(Random.of(seed, 'oracle'), fleet.views());
    const { violations, counts, lines = [] } = story;
    return { seed, violations, counts, lines, faults, recoveryMs, happenings: scheduler.count };
  } finally {
    useTimeOf(undefined);
  }
}

/** How wrong the clocks of the processes are: mostly not at all. */
function clockOffsets(random: Random): () => number {
  const spanMs = random.pick([0, 0, 0, 20, 500, 10_000]);
  return () => random.int(-spanMs, spanMs);
}
