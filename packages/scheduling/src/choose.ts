import type { Asker, HeldJob } from './asker.ts';
import type { Board } from './board.ts';
import { crowdOf } from './crowding.ts';
import type { Lane } from './lane.ts';
import { compareRanks, LevelRanking, type Rank } from './ranking.ts';

/** With each such time, in ms, that a job waits, half as many places are drawn from, down to as many as there are jobs. */
const NARROWS_MS = 1_000;
const LATER: Choice = { ids: [], isHeld: false };

/**
 * A job to run next, and those like it that could be run with it, best first. None at all where others are at the jobs
 * of the model in memory and the rest would cost a change of it: they are worth another look in a moment.
 */
export interface Choice {
  readonly ids: readonly string[];
  /** Whether it was handed out, and not chosen from among all that wait. */
  readonly isHeld: boolean;
}

/**
 * What a worker runs next, of all that waits:
 * 1. a job it was handed and has passed over for its patience: so nothing waits for longer than until its turn in the
 *    bus's line, plus the patience and one run, whatever comes;
 * 2. the highest priority there is;
 * 3. tenants that had no more than their share, to within a change of model or two runs (see `TenantService`);
 * 4. the model in memory; else the one with most work per worker that holds it;
 * 5. one that it was handed, else the oldest; of tenants over their share, that of the one that had least.
 *
 * Others rank what waits the same way at the same time. So a worker takes not the best of what is better than what it
 * was handed, but the one at a place that it draws, among as many as there are workers in each other's way (see
 * `Crowding`). Where nothing stands at its place it leaves these jobs to the others.
 */
export function choose(
  board: Board,
  asker: Asker,
  held: readonly HeldJob[],
  nowMs: number,
): Choice | undefined {
  const [overdue] = held
    .filter((job) => nowMs - job.heldSinceMs >= asker.patienceMs)
    .sort((a, b) => a.heldSinceMs - b.heldSinceMs);
  if (overdue) return { ids: [overdue.id], isHeld: true };
  for (const [level, line] of board.lines.entries()) {
    const heldHere = held.filter((job) => job.level === level);
    if (heldHere.length === 0 && line.size === 0) continue;
    const ranking = new LevelRanking(board, asker, { level, held: heldHere, nowMs });
    const handed = bestOf(heldHere, ranking);
    // one that is no better is another worker's: it was handed to it, or will be
    const choice = ahead(board, asker, ranking, handed?.rank);
    if (choice) return choice;
    if (handed) return { ids: [handed.job.id], isHeld: true };
  }
  return undefined;
}

/** Of those that can be run the best, and of as good ones the oldest. */
function bestOf(held: readonly HeldJob[], ranking: LevelRanking) {
  let best: { readonly job: HeldJob; readonly rank: Rank } | undefined;
  for (const job of held) {
    const rank = ranking.rankOf(job);
    if (!rank) continue;
    const order = best ? compareRanks(rank, best.rank) || job.sinceMs - best.job.sinceMs : -1;
    if (order < 0) best = { job, rank };
  }
  return best;
}

/** What stands at this worker's place among that which is better than what it was handed. */
function ahead(
  board: Board,
  asker: Asker,
  ranking: LevelRanking,
  handed: Rank | undefined,
): Choice | undefined {
  const { nowMs } = ranking;
  const readySinceMs = nowMs - asker.minWaitMs;
  let sort: Rank | undefined;
  let toSkip = 0;
  let othersAreAtIt = false;
  for (const { rank, lane } of ranking.offers(readySinceMs)) {
    if (handed && compareRanks(rank, handed) >= 0) break;
    const isSwap = rank[2] === 1;
    if (isSwap && othersAreAtIt) return LATER;
    if (sort?.[1] !== rank[1] || sort[2] !== rank[2]) {
      sort = rank;
      toSkip =
        Math.floor(asker.random() * placesOf(board, lane, isSwap, readySinceMs, nowMs)) * asker.batchJobs;
    }
    const ready = lane.countSince(readySinceMs);
    if (toSkip < ready) return { ids: lane.ids(toSkip, matesOf(asker)), isHeld: false };
    toSkip -= ready;
    othersAreAtIt ||= !isSwap;
  }
  return othersAreAtIt && handed?.[2] !== 0 ? LATER : undefined;
}

/** Among how many places the workers that want these jobs spread, of which this lane has the best. */
function placesOf(
  board: Board,
  { model, level, oldestMs }: Lane,
  isSwap: boolean,
  readySinceMs: number,
  nowMs: number,
) {
  const wanted = board.crowding.places(crowdOf(model, level, isSwap), nowMs);
  const line = board.lines[level];
  const jobs = (isSwap ? line?.size : line?.queue(model)?.size) ?? 1;
  const narrowed = wanted / 2 ** ((readySinceMs - oldestMs) / NARROWS_MS);
  return Math.max(1, narrowed, Math.min(wanted, jobs));
}

/** Not all that are alike to the fleet can be run together. */
const matesOf = ({ batchJobs }: Asker) => (batchJobs === 1 ? 1 : 2 * batchJobs);
