import { randomUUID } from 'node:crypto';
import type { Member } from '../fleet/member.ts';
import { within } from '../within.ts';
import { EVERYWHERE, type Experiment, type Scene } from './experiment.ts';

const JOBS = 20;
const JOBS_WITHIN_MS = 60_000;
/** The embedded bus takes a process that is there and gives no sign for dead after one minute, Pulsar after less. */
const TAKEN_OVER_MS = 150_000;
const REACHED_MS = 30_000;
/** Within what the ledger allows for; see `CLOCK_SKEW_MS` there. */
const JUMP_MS = 9 * 60_000;

/** The first of the workers that comes to store something, held there, and the job it is about. */
async function holdOneAtStore({ fleet }: Scene): Promise<{ worker: Member; id: string }> {
  const held = fleet.workers.map(async (worker) => ({
    worker,
    key: await worker.hold('artifact.unstored'),
  }));
  const { worker, key } = await within(REACHED_MS, 'a picture to be stored', Promise.race(held));
  for (const other of fleet.workers) {
    if (other === worker) continue;
    other.order({ do: 'disarm' });
    other.order({ do: 'go on' });
  }
  return { worker, id: key.replace(/\..*$/, '') };
}

async function tellAll({ fleet }: Scene, on: boolean): Promise<void> {
  for (const member of fleet.members) member.order({ do: 'everything twice', on });
}

async function zombie(scene: Scene): Promise<void> {
  const { worker, id } = await holdOneAtStore(scene);
  worker.order({ do: 'go on' });
  worker.signal('SIGSTOP');
  try {
    await within(TAKEN_OVER_MS, 'a stopped worker’s job to be taken over', scene.load.endOf(id));
  } finally {
    worker.signal('SIGCONT');
  }
  await scene.load.completes(JOBS, JOBS_WITHIN_MS);
}

function clockJump(service: 'api' | 'worker', byMs: number): Experiment {
  const direction = byMs > 0 ? 'ahead' : 'back';
  return {
    name: `clock-${service}-${direction}`,
    injects: `the clock of one ${service} jumps nine minutes ${direction}, and returns`,
    on: EVERYWHERE,
    recoversWithinMs: 15_000,
    inject: async ({ fleet, load }) => {
      const [member] = service === 'api' ? fleet.apis : fleet.workers;
      member?.order({ do: 'shift clock', byMs });
      await load.completes(2 * JOBS, 2 * JOBS_WITHIN_MS);
      member?.order({ do: 'shift clock', byMs: 0 });
    },
  };
}

/** The same thing twice: messages, deliveries, workers; and times that never were. */
export const repetitions: readonly Experiment[] = [
  {
    name: 'everything-twice',
    injects: 'every message is sent twice and every delivery handed out twice',
    on: EVERYWHERE,
    recoversWithinMs: 15_000,
    inject: async (scene) => {
      await tellAll(scene, true);
      await scene.load.completes(2 * JOBS, 2 * JOBS_WITHIN_MS);
      await tellAll(scene, false);
    },
  },
  {
    name: 'zombie',
    injects: 'SIGSTOP for a worker that is about to store; SIGCONT once another has completed its job',
    on: EVERYWHERE,
    recoversWithinMs: 15_000,
    inject: zombie,
  },
  {
    name: 'poison',
    injects: 'a job that kills every worker it is given to',
    on: ['embedded'],
    recoversWithinMs: 15_000,
    mayDie: ({ prompt }) => prompt.startsWith('poison'),
    inject: async ({ fleet, load }) => {
      const of = `poison ${randomUUID()}`;
      for (const worker of fleet.workers) {
        worker.stand([{ do: 'kill', at: 'engine.step', passage: 1, of }]);
      }
      const before = fleet.workers.reduce((sum, worker) => sum + worker.deaths, 0);
      const job = await load.image(of);
      const deaths = () => fleet.workers.reduce((sum, worker) => sum + worker.deaths, 0) - before;
      const tooMany = load.until(() => deaths() > 4, JOBS_WITHIN_MS, 'it to end').then(() => 'too many');
      const became = await Promise.race([load.ended(job), tooMany]);
      for (const worker of fleet.workers) worker.stand([{ do: 'disarm' }]);
      if (became !== 'dead' || deaths() !== 4) {
        throw new Error(`attempts: it killed ${deaths()} workers and became ${became}; wanted: 4, and dead`);
      }
    },
  },
  clockJump('api', JUMP_MS),
  clockJump('api', -JUMP_MS),
  clockJump('worker', JUMP_MS),
  clockJump('worker', -JUMP_MS),
];
