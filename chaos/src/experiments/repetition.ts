import { randomUUID } from 'node:crypto';
import { FAILING } from '../fleet/model-container.ts';
import { within } from '../within.ts';
import { EVERYWHERE, type Experiment, type Scene } from './experiment.ts';
import { holdOneAt } from './member-at.ts';

const JOBS = 20;
const JOBS_WITHIN_MS = 60_000;
/** The embedded bus takes a process that is there and gives no sign for dead after one minute, Pulsar after less. */
const TAKEN_OVER_MS = 150_000;
/** Where one machine's clock is everybody's: within what the ledger allows for; see `CLOCK_SKEW_MS` there. */
const MINUTES = { of: '', said: 'nine minutes', byMs: 9 * 60_000, on: ['embedded'] } as const;
/** Where processes go by the clock of the brokers. */
const HOURS = { of: 'hours-', said: 'three hours', byMs: 3 * 3_600_000, on: ['pulsar'] } as const;
const ATTEMPTS = 4;
/** That are run again and again, and wait in between, under a clock that is wrong. */
const FAILING_JOBS = 4;

async function tellAll({ fleet }: Scene, on: boolean): Promise<void> {
  for (const member of fleet.members) member.order({ do: 'everything twice', on });
}

async function zombie(scene: Scene): Promise<void> {
  const { member: worker, text: key } = await holdOneAt('artifact.unstored', scene.fleet.workers);
  const id = key.replace(/\..*$/, '');
  worker.order({ do: 'go on' });
  worker.signal('SIGSTOP');
  try {
    await within(TAKEN_OVER_MS, 'a stopped worker’s job to be taken over', scene.load.endOf(id));
  } finally {
    worker.signal('SIGCONT');
  }
  await scene.load.completes(JOBS, JOBS_WITHIN_MS);
}

function clockJump(service: 'api' | 'worker', jump: typeof MINUTES | typeof HOURS, sign: 1 | -1): Experiment {
  const { of, said, byMs, on } = jump;
  const direction = sign > 0 ? 'ahead' : 'back';
  return {
    name: `clock-${service}-${of}${direction}`,
    injects: `the clock of one ${service} jumps ${said} ${direction}, and returns`,
    on,
    recoversWithinMs: 15_000,
    mayDie: ({ prompt }) => prompt.startsWith(FAILING),
    inject: async ({ fleet, load }) => {
      const [member] = service === 'api' ? fleet.apis : fleet.workers;
      member?.order({ do: 'shift clock', byMs: sign * byMs });
      // none of their waits may last as long as the jump
      const failing = Array.from({ length: jump === HOURS ? FAILING_JOBS : 0 }, async () =>
        load.ended(await load.image(`${FAILING} ${randomUUID()}`)),
      );
      await load.completes(2 * JOBS, 2 * JOBS_WITHIN_MS);
      await within(JOBS_WITHIN_MS, 'jobs that fail to be given up', Promise.all(failing));
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
    injects: 'a job that kills every worker it is given to, before its claim can be on the disk',
    on: EVERYWHERE,
    recoversWithinMs: 15_000,
    mayDie: ({ prompt }) => prompt.startsWith('poison'),
    inject: async ({ fleet, load }) => {
      const of = `poison ${randomUUID()}`;
      // Pulsar does not tell a first delivery from others: those within a quarter of a second are taken for it
      const uncounted = fleet.options.stage === 'pulsar' ? fleet.workers.length : 1;
      const most = ATTEMPTS + uncounted;
      for (const worker of fleet.workers) {
        worker.stand([{ do: 'kill', at: 'engine.called', passage: 1, of }]);
      }
      const before = fleet.workers.reduce((sum, worker) => sum + worker.deaths, 0);
      const job = await load.image(of);
      const deaths = () => fleet.workers.reduce((sum, worker) => sum + worker.deaths, 0) - before;
      const tooMany = load.until(() => deaths() > most, JOBS_WITHIN_MS, 'it to end').then(() => 'too many');
      const became = await Promise.race([load.ended(job), tooMany]);
      for (const worker of fleet.workers) worker.stand([{ do: 'disarm' }]);
      if (became !== 'dead' || deaths() < ATTEMPTS || deaths() > most) {
        const wanted = `${ATTEMPTS} to ${most}, and dead`;
        throw new Error(`attempts: it killed ${deaths()} workers and became ${became}; wanted: ${wanted}`);
      }
    },
  },
  ...[MINUTES, HOURS].flatMap((jump) =>
    (['api', 'worker'] as const).flatMap((service) => [
      clockJump(service, jump, 1),
      clockJump(service, jump, -1),
    ]),
  ),
];
