import type { Board } from './board.ts';
import type { Lane } from './lane.ts';
import type { WaitingJob } from './waiting-job.ts';

/** Jobs that this many workers of one model may choose among at a time, so that they seldom choose the same. */
const MAX_SPREAD = 64;

/** The worker that asks what to run next. */
export interface Asker {
  readonly worker: string;
  /** The worker's own name of a model, undefined for one that it can't run. */
  readonly resolve: (model: string) => string | undefined;
  /** Whether a model, by the worker's own name, is in its memory. */
  readonly isLoaded: (model: string) => boolean;
  /** Jobs that wait for less, in ms, are left to the bus: it is handing them out just now. */
  readonly minWaitMs: number;
  /** 0 ≤ x < 1. */
  readonly random: () => number;
  /** For how long, in ms, a job that the bus handed to this worker may be passed over. */
  readonly patienceMs: number;
}

/** A job that the bus handed to this worker, and since when (Unix ms) it was passed over. */
export interface HeldJob extends WaitingJob {
  readonly heldSinceMs: number;
}

/** A job to run next, and those like it that could be run with it, best first. */
export interface Choice {
  readonly ids: readonly string[];
  /** Whether it was handed out, and not chosen from among all that wait. */
  readonly isHeld: boolean;
}

/** How good it is to run a lane next: compared member by member, less is better. */
type Rank = readonly [level: number, isOverShare: number, isSwap: number, order: number];

/**
 * What a worker runs next, of all that waits:
 * 1. a job it was handed and has passed over for its patience: so nothing waits for longer than until its turn in the
 *    bus's line, plus the patience and one run, whatever comes;
 * 2. the highest priority there is;
 * 3. tenants that had no more than their share, to within a change of model or two runs (see `TenantService`);
 * 4. the model in memory; else the one with most work per worker that holds it;
 * 5. one that it was handed, else the oldest; of tenants over their share, that of the one that had least.
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
  const rank = ranking(board, asker, held, nowMs);
  const handed = bestOf(
    held.map(({ id, sinceMs, ...job }) => {
      return { rank: rank(job), sinceMs, choice: () => ({ ids: [id], isHeld: true }) };
    }),
  );
  const line = bestOf(
    [...board.lanes()].map((lane) => {
      const [first] = lane.first(nowMs - asker.minWaitMs, 1);
      if (!first) return undefined;
      const peers = board.holders(lane.model, asker.worker);
      return { rank: rank(lane), sinceMs: first.sinceMs, choice: () => someOf(lane, peers, asker, nowMs) };
    }),
  );
  // one that is no better is another worker's: it was handed to it, or will be
  const isLineBetter = line && (!handed || compareRanks(line.rank, handed.rank) < 0);
  return (isLineBetter ? line : handed)?.choice();
}

interface Offer {
  readonly rank: Rank;
  readonly sinceMs: number;
  readonly choice: () => Choice;
}

/** The best of those that can be run, and of as good ones the oldest. */
function bestOf(
  offers: readonly ((Omit<Offer, 'rank'> & { rank: Rank | undefined }) | undefined)[],
): Offer | undefined {
  let best: Offer | undefined;
  for (const offer of offers) {
    if (!offer?.rank) continue;
    const order = best ? compareRanks(offer.rank, best.rank) || offer.sinceMs - best.sinceMs : -1;
    if (order < 0) best = { ...offer, rank: offer.rank };
  }
  return best;
}

/** Several workers look at the same lane at once; each begins somewhere else in its head. */
function someOf(lane: Lane, peers: number, { random, minWaitMs }: Asker, nowMs: number): Choice {
  const spread = Math.min(peers + 1, MAX_SPREAD);
  const head = lane.first(nowMs - minWaitMs, 2 * spread);
  const begin = Math.floor(random() * Math.min(spread, head.length));
  return { ids: head.slice(begin, begin + spread).map(({ id }) => id), isHeld: false };
}

type Ranked = Pick<WaitingJob, 'level' | 'tenant' | 'model'>;

/** Ranks lanes for this worker; undefined for those it can't run. */
function ranking(
  board: Board,
  asker: Asker,
  held: readonly HeldJob[],
  nowMs: number,
): (lane: Ranked) => Rank | undefined {
  const { service, costs } = board;
  const leastMs = new Map<number, number>();
  /** By model and level. */
  const workMs = new Map<string, number[]>();
  const had = new Map<string, number>();
  const hadMs = (tenant: string) => {
    const known = had.get(tenant) ?? service.hadMs(tenant, nowMs);
    had.set(tenant, known);
    return known;
  };
  const count = ({ level, tenant, model }: Ranked, jobs: number) => {
    const own = asker.resolve(model);
    if (own === undefined) return;
    leastMs.set(level, Math.min(leastMs.get(level) ?? Number.POSITIVE_INFINITY, hadMs(tenant)));
    const work = workMs.get(own) ?? [];
    work[level] = (work[level] ?? 0) + jobs * Math.max(1, costs.runMs(model));
    workMs.set(own, work);
  };
  for (const lane of board.lanes()) count(lane, lane.size);
  for (const job of held) if (!board.has(job.id)) count(job, 1);
  return ({ level, tenant, model }) => {
    const own = asker.resolve(model);
    if (own === undefined) return undefined;
    const slackMs = Math.max(2 * costs.runMs(model), costs.loadMs(model)) / service.weight(tenant);
    const isOverShare = hadMs(tenant) > (leastMs.get(level) ?? 0) + slackMs ? 1 : 0;
    if (asker.isLoaded(own)) return [level, isOverShare, 0, isOverShare ? hadMs(tenant) : 0];
    const perHolderMs = (workMs.get(own)?.[level] ?? 0) / (board.holders(model, asker.worker) + 1);
    return [level, isOverShare, 1, isOverShare ? hadMs(tenant) : -perHolderMs];
  };
}

function compareRanks(a: Rank, b: Rank): number {
  for (const [place, value] of a.entries()) {
    const other = b[place] ?? 0;
    if (value !== other) return value - other;
  }
  return 0;
}
