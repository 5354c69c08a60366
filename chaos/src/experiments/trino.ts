import type { Fleet } from '../fleet/fleet.ts';
import { Analyst } from '../load/analyst.ts';
import type { Experiment, Scene } from './experiment.ts';
import { harmFor, NETWORK_FAULTS } from './network.ts';

/** Longer than a query may take, so that one must end while the fault lasts. */
const FAULT_MS = 10_000;
const MOST_FAULTS = 4;
const JOBS = 10;
const JOBS_WITHIN_MS = 60_000;
/** A Trino that starts reads its first table slowly. */
const ANSWERS_MS = 120_000;

function trinoOf({ backing }: Fleet) {
  const { trino, toTrino } = backing;
  if (!trino || !toTrino) throw new Error('there is no Trino to be harmed');
  return { trino, toTrino };
}

/**
 * Does harm while SQL is asked at both replicas: each question is answered or refused in time, jobs are completed as if there
 * were no Trino, and afterwards SQL answers again, with every job that was completed.
 */
async function whileAsked(scene: Scene, mustFail: boolean, harm: () => Promise<void>): Promise<void> {
  const { fleet, load } = scene;
  const analyst = new Analyst(fleet.urls, fleet.backing.headers);
  try {
    await analyst.answered(ANSWERS_MS);
    analyst.hurry();
    const before = analyst.failures;
    await Promise.all([harm(), load.completes(JOBS, JOBS_WITHIN_MS)]);
    if (mustFail && analyst.failures === before)
      throw new Error('sql: no query noticed that Trino was harmed');
    const completed = load.completedImages;
    await analyst.answered(ANSWERS_MS, completed);
    if (analyst.faults.length > 0)
      throw new Error('sql: a question was answered by neither rows nor a refusal');
  } catch (error) {
    throw new Error([(error as Error).message, ...analyst.faults.slice(0, MOST_FAULTS)].join('; '));
  } finally {
    await analyst.stop();
  }
}

/** Trino answers questions, and no job waits for it. */
export const trinoFaults: readonly Experiment[] = [
  ...NETWORK_FAULTS.map(([name, fault, said]) => ({
    name: `trino-${name}`,
    injects: `Trino ${said} for ${FAULT_MS / 1_000} s, while SQL is asked`,
    inject: (scene: Scene) => {
      const { toTrino } = trinoOf(scene.fleet);
      return whileAsked(scene, fault !== 'slow', () => harmFor([toTrino], fault, FAULT_MS));
    },
  })),
  {
    name: 'trino-kill',
    injects: 'kill -9 of Trino in the middle of queries; it is started again',
    inject: (scene: Scene) => {
      const { trino } = trinoOf(scene.fleet);
      return whileAsked(scene, true, async () => {
        await trino.kill();
        await trino.start();
      });
    },
  },
].map((experiment) => ({
  ...experiment,
  on: ['pulsar'] as const,
  needs: ['own pulsar', 'trino'] as const,
  recoversWithinMs: 30_000,
}));
