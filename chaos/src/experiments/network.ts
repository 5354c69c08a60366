import { setTimeout as sleep } from 'node:timers/promises';
import type { StageName } from '../fleet/backing.ts';
import type { Fleet } from '../fleet/fleet.ts';
import type { Way } from '../fleet/network.ts';
import { EVERYWHERE, type Experiment } from './experiment.ts';

const FAULT_MS = 4_000;

/** What a network does, as the names of experiments and ways have it. */
export const NETWORK_FAULTS = [
  ['slow', 'slow', 'is 300 ms away, give or take 200'],
  ['cut', 'cut', 'is cut off'],
  ['half-open', 'halfOpen', 'swallows everything'],
] as const;
type Harm = (typeof NETWORK_FAULTS)[number][1];

interface Target {
  readonly name: string;
  readonly called: string;
  readonly on: readonly StageName[];
  readonly recoversWithinMs: number;
  /** More than the patience of whoever is kept waiting, where that is to be shown. */
  readonly faultMs?: number;
  readonly needs?: Experiment['needs'];
  ways(fleet: Fleet): readonly (Way | undefined)[];
}

const TARGETS: readonly Target[] = [
  {
    name: 'model',
    called: 'the model container',
    on: EVERYWHERE,
    recoversWithinMs: 30_000,
    faultMs: 1_500,
    ways: ({ toModel }) => [toModel],
  },
  {
    name: 'store',
    called: 'S3',
    on: ['pulsar'],
    recoversWithinMs: 60_000,
    ways: ({ backing }) => [backing.toStore],
  },
  {
    name: 'redis',
    called: 'Redis',
    on: ['pulsar'],
    recoversWithinMs: 30_000,
    ways: ({ backing }) => [backing.toRedis],
  },
  {
    name: 'gitlab',
    called: 'GitLab',
    on: ['pulsar'],
    recoversWithinMs: 30_000,
    ways: ({ backing }) => [backing.toGitlab],
  },
  {
    name: 'pulsar',
    called: 'Pulsar, for all that speak WebSocket to it,',
    on: ['pulsar'],
    recoversWithinMs: 90_000,
    ways: ({ backing }) => [...backing.toBroker.values()],
  },
  {
    name: 'pulsar-native',
    called: 'Pulsar, for all that speak its own protocol to it,',
    on: ['pulsar'],
    needs: ['own pulsar'],
    recoversWithinMs: 90_000,
    ways: ({ backing }) => backing.toNative,
  },
  {
    name: 'pulsar-of-one',
    called: 'Pulsar, for one worker,',
    on: ['pulsar'],
    recoversWithinMs: 30_000,
    faultMs: 10_000,
    ways: ({ backing, workers }) => [backing.toBroker.get(workers[0]?.name ?? '')],
  },
];

/** All ways at once, and together again. */
export async function harmFor(ways: readonly Way[], fault: Harm, ms: number): Promise<void> {
  await Promise.all(ways.map((way) => way[fault]()));
  await sleep(ms);
  await Promise.all(ways.map((way) => way.heal()));
}

/** Backing services behind a bad network. */
export const networkFaults: readonly Experiment[] = TARGETS.flatMap((target) =>
  NETWORK_FAULTS.map(([name, fault, said]) => ({
    name: `${target.name}-${name}`,
    injects: `${target.called} ${said} for ${(target.faultMs ?? FAULT_MS) / 1_000} s`,
    on: target.on,
    ...(target.needs ? { needs: target.needs } : {}),
    ...(target.name === 'pulsar' && name === 'cut' ? { shortOn: ['pulsar'] } : {}),
    recoversWithinMs: target.recoversWithinMs,
    inject: async ({ fleet }) => {
      const ways = target.ways(fleet).filter((way) => way !== undefined);
      if (ways.length === 0) throw new Error(`nobody goes to ${target.called} by a way that can be harmed`);
      await harmFor(ways, fault, target.faultMs ?? FAULT_MS);
    },
  })),
);
