import { setTimeout as sleep } from 'node:timers/promises';
import type { PulsarPart } from '../../../tools/provision/components.ts';
import type { Fleet } from '../fleet/fleet.ts';
import { POINTS, type Point } from '../inside/points.ts';
import { within } from '../within.ts';
import type { Experiment, Scene } from './experiment.ts';
import { memberAt } from './member-at.ts';

const PASSES_MS = 30_000;
/** A broker on a busy machine takes so long to come back, and its clients to find it. */
const RECOVERS_MS = 120_000;
const DOWN_MS = 2_000;
const JOBS = 20;
const JOBS_WITHIN_MS = 60_000;
const BOOKIES = ['bookie-1', 'bookie-2', 'bookie-3'] as const satisfies readonly PulsarPart[];

/** One on each side of every message of a job's life. */
const BROKER_STEPS = [
  'request.unsent',
  'request.sent',
  'delivery.received',
  'claim.sent',
  'engine.step',
  'artifact.stored',
  'completed.sent',
  'ack.done',
] as const satisfies readonly Point[];

/** Where the next thing is a message that has to be stored. */
const BOOKIE_STEPS = [
  'request.unsent',
  'claim.unsent',
  'completed.unsent',
] as const satisfies readonly Point[];

function pulsarOf({ backing }: Fleet) {
  if (!backing.pulsar) throw new Error('there is no Pulsar to be killed');
  return backing.pulsar;
}

/** kill -9 of these while a process stands at a point; they come back once it goes on. */
async function killWhileAt(point: Point, parts: readonly PulsarPart[], { fleet }: Scene): Promise<void> {
  const member = memberAt(point, fleet);
  const pulsar = pulsarOf(fleet);
  await within(PASSES_MS, `${member.name} to pass ${point}`, member.hold(point));
  await pulsar.kill(...parts);
  member.order({ do: 'go on' });
  await pulsar.start(...parts);
}

async function killFor(ms: number, parts: readonly PulsarPart[], { fleet }: Scene): Promise<void> {
  const pulsar = pulsarOf(fleet);
  await pulsar.kill(...parts);
  await sleep(ms);
  await pulsar.start(...parts);
}

type Harm = Pick<Experiment, 'name' | 'injects' | 'inject'>;

const harms: readonly Harm[] = [
  ...BROKER_STEPS.map((point) => ({
    name: `broker-at-${point}`,
    injects: `kill -9 of the broker: ${POINTS[point]}`,
    inject: (scene: Scene) => killWhileAt(point, ['broker'], scene),
  })),
  ...BOOKIE_STEPS.map((point) => ({
    name: `bookies-at-${point}`,
    injects: `kill -9 of all three bookies: ${POINTS[point]}`,
    inject: (scene: Scene) => killWhileAt(point, BOOKIES, scene),
  })),
  {
    name: 'bookie-kill',
    injects: 'kill -9 of one bookie of three; jobs go on without it, and it comes back',
    inject: async ({ fleet, load }) => {
      const pulsar = pulsarOf(fleet);
      for (const bookie of BOOKIES) {
        await pulsar.kill(bookie);
        await load.completes(JOBS, JOBS_WITHIN_MS);
        await pulsar.start(bookie);
      }
    },
  },
  {
    name: 'zookeeper-kill',
    injects: 'kill -9 of ZooKeeper, which holds the metadata',
    inject: (scene) => killFor(DOWN_MS, ['zookeeper'], scene),
  },
  {
    name: 'pulsar-kill',
    injects: 'kill -9 of broker, bookies and ZooKeeper at once',
    inject: (scene) => killFor(0, [], scene),
  },
  {
    name: 'pulsar-restart',
    injects: 'broker, bookies and ZooKeeper are stopped in order, and started again',
    inject: async ({ fleet }) => {
      const pulsar = pulsarOf(fleet);
      await pulsar.stop();
      await pulsar.start();
    },
  },
];

/** The parts of Pulsar die, alone and together. */
export const brokerFaults: readonly Experiment[] = harms.map((harm) => ({
  ...harm,
  on: ['pulsar'],
  needs: ['own pulsar'],
  recoversWithinMs: RECOVERS_MS,
}));
