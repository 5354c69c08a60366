import type { Fleet } from '../fleet/fleet.ts';
import { POINTS, type Point } from '../inside/points.ts';
import { within } from '../within.ts';
import type { Experiment } from './experiment.ts';
import { memberAt } from './member-at.ts';

const PASSES_MS = 30_000;
/** A broker on a busy machine takes so long to come back, and its clients to find it. */
const RECOVERS_MS = 120_000;

/** One on each side of every message of a job's life. */
const STEPS = [
  'request.unsent',
  'request.sent',
  'delivery.received',
  'claim.sent',
  'engine.step',
  'artifact.stored',
  'completed.sent',
  'ack.done',
] as const satisfies readonly Point[];

function brokerOf({ backing }: Fleet) {
  if (!backing.broker) throw new Error('there is no broker to be killed');
  return backing.broker;
}

/** kill -9 of broker and bookie, which are one process here, while a process stands at a point. */
const kills: readonly Experiment[] = STEPS.map((point) => ({
  name: `broker-at-${point}`,
  injects: `kill -9 of broker and bookie: ${POINTS[point]}`,
  on: ['pulsar'],
  harmsBroker: true,
  recoversWithinMs: RECOVERS_MS,
  inject: async ({ fleet }) => {
    const member = memberAt(point, fleet);
    const broker = brokerOf(fleet);
    await within(PASSES_MS, `${member.name} to pass ${point}`, member.hold(point));
    await broker.kill();
    member.order({ do: 'go on' });
    await broker.start();
  },
}));

export const brokerFaults: readonly Experiment[] = [
  ...kills,
  {
    name: 'broker-restart',
    injects: 'broker and bookie are stopped in order, and started again',
    on: ['pulsar'],
    harmsBroker: true,
    recoversWithinMs: RECOVERS_MS,
    inject: async ({ fleet }) => {
      const broker = brokerOf(fleet);
      await broker.stop();
      await broker.start();
    },
  },
];
