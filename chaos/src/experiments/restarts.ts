import { within } from '../within.ts';
import { EVERYWHERE, type Experiment } from './experiment.ts';

const ENDED_MS = 60_000;

/** Processes that end together, or in order. */
export const restarts: readonly Experiment[] = [
  {
    name: 'sigterm-worker',
    injects: 'SIGTERM for two of three workers at once, under load',
    on: EVERYWHERE,
    recoversWithinMs: 15_000,
    inject: async ({ fleet }) => {
      const told = fleet.workers.slice(1);
      const deaths = told.map((worker) => worker.death());
      for (const worker of told) worker.signal('SIGTERM');
      await within(ENDED_MS, 'workers to end', Promise.all(deaths));
    },
  },
  {
    name: 'sigterm-api',
    injects: 'SIGTERM for one of two APIs, under load',
    on: EVERYWHERE,
    recoversWithinMs: 15_000,
    inject: async ({ fleet }) => {
      const [api] = fleet.apis;
      const death = api?.death();
      api?.signal('SIGTERM');
      await within(ENDED_MS, 'an API to end', Promise.resolve(death));
    },
  },
  {
    name: 'rolling-restart',
    injects: 'every process is stopped and started again, one after the other, while clients keep working',
    on: EVERYWHERE,
    recoversWithinMs: 15_000,
    inject: async ({ fleet, load }) => {
      for (const member of fleet.members) {
        await member.restart();
        await load.completes(3, ENDED_MS);
      }
    },
  },
  {
    name: 'kill-all-workers',
    injects: 'kill -9 for all workers at once',
    on: EVERYWHERE,
    recoversWithinMs: 30_000,
    inject: async ({ fleet }) => {
      for (const worker of fleet.workers) worker.signal('SIGKILL');
    },
  },
  {
    name: 'kill-everything',
    injects: 'kill -9 for every process of the fleet at once',
    on: EVERYWHERE,
    recoversWithinMs: 60_000,
    inject: async ({ fleet }) => {
      for (const member of fleet.members) member.signal('SIGKILL');
    },
  },
];
