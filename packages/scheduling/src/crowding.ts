/** So many claims ahead may be in vain for each that was not. */
const WANTED_LOSS = 0.1;
/** How far one claim is believed: 1 would set the places by it alone. */
const GAIN = 0.3;
/** After so long, in ms, what was learnt counts half. */
const HALF_LIFE_MS = 20_000;
const MOST_PLACES = 4_096;

/** Natural logarithm of a number of places, as it was at a time. */
interface Learnt {
  readonly log: number;
  readonly atMs: number;
}

/**
 * How many workers want the same jobs at once, as the ledger shows it: each claim ahead of the bus that was in vain says
 * that there were more of them than jobs. Every worker reads the same ledger, so all know the same without asking, and
 * nothing is assumed of how many they are, how often they look or how long a claim takes to be seen.
 *
 * A crowd spreads over places: each of its members draws one and takes the job that stands there, if there is one. How
 * many places there are follows the claims as the threshold of an adaptive quantile does (Robbins and Monro, 1951): up
 * with each that was in vain, down with each that was not, so that about one in eleven is in vain where there is a crowd.
 */
export class Crowding {
  readonly #learnt = new Map<string, Learnt>();

  /** From 1; seldom a whole number. */
  places(crowd: string, nowMs: number): number {
    return Math.exp(this.#logOf(crowd, nowMs));
  }

  /** A claim ahead was the first. */
  won(crowd: string, nowMs: number): void {
    this.#move(crowd, -GAIN * WANTED_LOSS * Math.LN2, nowMs);
  }

  /** A claim ahead was in vain: the `nth` of its job, from 1. Of n + 1 claims all but one would have had other places. */
  lost(crowd: string, nth: number, nowMs: number): void {
    this.#move(crowd, GAIN * Math.log((nth + 1) / nth), nowMs);
  }

  /** Forgets where nobody is in another's way any more. */
  prune(nowMs: number): void {
    for (const crowd of this.#learnt.keys()) {
      if (this.#logOf(crowd, nowMs) < 0.01) this.#learnt.delete(crowd);
    }
  }

  #move(crowd: string, by: number, nowMs: number): void {
    const log = Math.min(Math.log(MOST_PLACES), this.#logOf(crowd, nowMs) + by);
    if (log > 0) this.#learnt.set(crowd, { log, atMs: nowMs });
    else this.#learnt.delete(crowd);
  }

  #logOf(crowd: string, nowMs: number): number {
    const known = this.#learnt.get(crowd);
    return known ? known.log * 2 ** (-Math.max(0, nowMs - known.atMs) / HALF_LIFE_MS) : 0;
  }
}

/** Who may be in whose way: those that hold a model at its jobs, and all that would change to one of a level. */
export function crowdOf(model: string, level: number, isSwap: boolean): string {
  return isSwap ? `level ${level}` : `model ${model}`;
}
