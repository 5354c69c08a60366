import type { Asker, HeldJob } from './asker.ts';
import type { Board } from './board.ts';
import type { Lane } from './lane.ts';
import type { Line, ModelQueue } from './line.ts';
import type { WaitingJob } from './waiting-job.ts';

/** How good it is to run a job next: compared member by member, less is better. */
export type Rank = readonly [level: number, isOverShare: number, isSwap: number, order: number];

export function compareRanks(a: Rank, b: Rank): number {
  for (const [place, value] of a.entries()) {
    const other = b[place] ?? 0;
    if (value !== other) return value - other;
  }
  return 0;
}

/** A lane whose first is ready, and how good it is. */
export interface Offer {
  readonly rank: Rank;
  readonly lane: Lane;
}

/** How one worker ranks what waits at one level, at one moment. */
export class LevelRanking {
  readonly nowMs: number;
  readonly #board: Board;
  readonly #asker: Asker;
  readonly #level: number;
  readonly #line: Line | undefined;
  /** What the tenant had that had least, of those who wait for something that this worker can run. */
  readonly #leastMs: number;

  constructor(
    board: Board,
    asker: Asker,
    { level, held, nowMs }: { level: number; held: readonly HeldJob[]; nowMs: number },
  ) {
    this.nowMs = nowMs;
    this.#board = board;
    this.#asker = asker;
    this.#level = level;
    this.#line = board.lines[level];
    this.#leastMs = this.#leastHadMs(held);
  }

  /** Undefined for one that this worker can't run. */
  rankOf({ tenant, model }: WaitingJob): Rank | undefined {
    const own = this.#asker.resolve(model);
    if (own === undefined) return undefined;
    const isSwap = this.#asker.isLoaded(own) ? 0 : 1;
    const hadMs = this.#hadMs(tenant);
    if (hadMs > this.#mostMs(tenant, this.#slackMs(model))) return [this.#level, 1, isSwap, hadMs];
    return [this.#level, 0, isSwap, isSwap ? -this.#workMs(model, this.#line?.queue(model)?.size ?? 1) : 0];
  }

  /** Best first; no more is looked at than is asked for. */
  *offers(readySinceMs: number): Generator<Offer> {
    const loaded: ModelQueue[] = [];
    const others: ModelQueue[] = [];
    for (const queue of this.#line?.models() ?? []) {
      const own = this.#asker.resolve(queue.model);
      if (own !== undefined) (this.#asker.isLoaded(own) ? loaded : others).push(queue);
    }
    const over: Lane[] = [];
    for (const { model, lanes } of loaded) {
      yield* this.#inShare(model, lanes, readySinceMs, [this.#level, 0, 0, 0], over);
    }
    for (const [{ model, lanes }, order] of inOrder(
      others,
      ({ model, size }) => -this.#workMs(model, size),
    )) {
      yield* this.#inShare(model, lanes, readySinceMs, [this.#level, 0, 1, order]);
    }
    for (const [lane, order] of inOrder(over, ({ tenant }) => this.#hadMs(tenant))) {
      yield { lane, rank: [this.#level, 1, 0, order] };
    }
    yield* this.#swapsOverShare(readySinceMs);
  }

  *#inShare(
    model: string,
    lanes: ReadonlyMap<string, Lane>,
    readySinceMs: number,
    rank: Rank,
    over?: Lane[],
  ): Generator<Offer> {
    const slackMs = this.#slackMs(model);
    const found: Lane[] = [];
    for (const lane of lanes.values()) {
      if (lane.oldestMs > readySinceMs) continue;
      if (this.#hadMs(lane.tenant) <= this.#mostMs(lane.tenant, slackMs)) found.push(lane);
      else over?.push(lane);
    }
    for (const [lane] of inOrder(found, ({ oldestMs }) => oldestMs)) yield { rank, lane };
  }

  *#swapsOverShare(readySinceMs: number): Generator<Offer> {
    const tenants = [...(this.#line?.tenants() ?? [])];
    for (const [[tenant, lanes], hadMs] of inOrder(tenants, ([name]) => this.#hadMs(name))) {
      const found: Lane[] = [];
      for (const lane of lanes.values()) {
        if (lane.oldestMs > readySinceMs || hadMs <= this.#mostMs(tenant, this.#slackMs(lane.model)))
          continue;
        const own = this.#asker.resolve(lane.model);
        if (own !== undefined && !this.#asker.isLoaded(own)) found.push(lane);
      }
      const rank: Rank = [this.#level, 1, 1, hadMs];
      for (const [lane] of inOrder(found, ({ oldestMs }) => oldestMs)) yield { rank, lane };
    }
  }

  #leastHadMs(held: readonly HeldJob[]): number {
    let leastMs = Number.POSITIVE_INFINITY;
    for (const [tenant, lanes] of this.#line?.tenants() ?? []) {
      const hadMs = this.#hadMs(tenant);
      if (hadMs < leastMs && this.#canRunSomeOf(lanes.keys())) leastMs = hadMs;
    }
    for (const { tenant, model } of held) {
      if (this.#canRunSomeOf([model])) leastMs = Math.min(leastMs, this.#hadMs(tenant));
    }
    return leastMs;
  }

  #canRunSomeOf(models: Iterable<string>): boolean {
    for (const model of models) if (this.#asker.resolve(model) !== undefined) return true;
    return false;
  }

  #hadMs(tenant: string): number {
    return this.#board.service.hadMs(tenant, this.nowMs);
  }

  /** What the tenant may have had and still be within its share. */
  #mostMs(tenant: string, slackMs: number): number {
    return this.#leastMs + slackMs / this.#board.service.weight(tenant);
  }

  #slackMs(model: string): number {
    const { costs } = this.#board;
    return Math.max(2 * costs.runMs(model), costs.loadMs(model));
  }

  /** The work of so many jobs of the model, for each worker that would run them. */
  #workMs(model: string, jobs: number): number {
    const { costs, workers } = this.#board;
    return (jobs * Math.max(1, costs.runMs(model))) / (workers.holders(model, this.#asker.worker) + 1);
  }
}

/** Least first, sorted no further than is asked for: mostly it is the first alone. */
function* inOrder<T>(items: readonly T[], orderOf: (item: T) => number): Generator<readonly [T, number]> {
  const left = items.map((item) => [item, orderOf(item)] as const);
  while (left.length > 0) {
    let least = 0;
    for (let place = 1; place < left.length; place++) {
      if ((left[place]?.[1] ?? 0) < (left[least]?.[1] ?? 0)) least = place;
    }
    const [found] = left.splice(least, 1);
    if (found) yield found;
  }
}
