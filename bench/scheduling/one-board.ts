import { decideRequest, evolve, imageRequestSchema, newJobId } from '../../packages/job/src/index.ts';
import { Board, choose } from '../../packages/scheduling/src/index.ts';
import { startOf } from './fleet.ts';

export interface Crowd {
  readonly workers: number;
  readonly models: number;
  readonly tenants: number;
  readonly waiting: number;
}

const NOW_MS = Date.now();

/** A board on which so many wait and run. */
export function boardOf({ workers, models, tenants, waiting }: Crowd): Board {
  const board = new Board({ weights: {}, halfLifeMs: 600_000 });
  for (let n = 0; n < workers + waiting; n++) {
    const nowMs = NOW_MS - 10_000 + n;
    const settings = { prompt: 'x', model: `model-${n % models}` };
    const request = decideRequest(imageRequestSchema.parse({ generation_settings: settings }), {
      ...{ id: newJobId(nowMs), tenant: `tenant-${Math.floor(n / models) % tenants}`, nowMs, seed: 1 },
    });
    const messageId = String(n).padStart(9, '0');
    const state = evolve(undefined, request, { timeMs: nowMs, type: 'requested', messageId });
    if (n >= workers) board.apply(state, NOW_MS);
    else {
      const order = { timeMs: NOW_MS, type: 'started', messageId } as const;
      board.apply(evolve(state, startOf(state, `w${n}`, NOW_MS), order), NOW_MS);
    }
  }
  return board;
}

/** Of those that wait on it. */
export function idsOn(board: Board): readonly string[] {
  const lanes = board.lines.flatMap((line) =>
    [...line.tenants()].flatMap(([, byModel]) => [...byModel.values()]),
  );
  return lanes.flatMap((lane) => lane.ids(0, lane.size));
}

/** One worker's choice, which it does not take. */
export function chooseOnce(board: Board, n: number): unknown {
  return choose(
    board,
    {
      worker: `w${n % 10}`,
      resolve: (model) => model,
      isLoaded: (model) => model === 'model-1',
      minWaitMs: 50,
      batchJobs: 1,
      random: () => (n % 97) / 97,
      patienceMs: 60_000,
    },
    [],
    NOW_MS,
  );
}
