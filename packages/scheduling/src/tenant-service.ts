/** Half-lives after which all tallies are written anew, so that they stay within what a number holds. */
const MAX_HALF_LIVES = 100;

/**
 * How much of the fleet's time each tenant had lately, divided by its weight: the virtual time of weighted fair
 * queueing (Demers, Keshav and Shenker, 1989), which halves every `halfLifeMs`, so that who waited long ago is owed
 * nothing for ever. What is new is written larger instead of what is old smaller: time costs no work.
 */
export class TenantService {
  readonly #halfLifeMs: number;
  readonly #weights: Readonly<Record<string, number>>;
  readonly #tallies = new Map<string, number>();
  #sinceMs: number | undefined;
  #scale = { atMs: 0, factor: 1 };

  /** A tenant without a weight has 1. */
  constructor(halfLifeMs: number, weights: Readonly<Record<string, number>>) {
    this.#halfLifeMs = halfLifeMs;
    this.#weights = weights;
  }

  /** Adds time of one worker, in ms; less than nothing takes back what was charged too much. */
  charge(tenant: string, serviceMs: number, nowMs: number): void {
    const factor = this.#factor(nowMs);
    this.#tallies.set(tenant, Math.max(0, (this.#tallies.get(tenant) ?? 0) + serviceMs * factor));
  }

  /** Weighted ms that the tenant has had; 0 for one that is new. */
  hadMs(tenant: string, nowMs: number): number {
    const tally = this.#tallies.get(tenant);
    return tally === undefined ? 0 : tally / this.#factor(nowMs) / this.weight(tenant);
  }

  weight(tenant: string): number {
    return this.#weights[tenant] ?? 1;
  }

  /** Forgets tenants that had next to nothing. */
  prune(nowMs: number): void {
    const least = this.#factor(nowMs);
    for (const [tenant, tally] of this.#tallies) if (tally < least) this.#tallies.delete(tenant);
  }

  /** By how much a ms is written larger than it was at first. */
  #factor(nowMs: number): number {
    if (this.#scale.atMs === nowMs) return this.#scale.factor;
    this.#sinceMs ??= nowMs;
    const halfLives = (nowMs - this.#sinceMs) / this.#halfLifeMs;
    if (halfLives > MAX_HALF_LIVES) {
      for (const [tenant, tally] of this.#tallies) this.#tallies.set(tenant, tally / 2 ** halfLives);
      this.#sinceMs = nowMs;
    }
    this.#scale = { atMs: nowMs, factor: 2 ** ((nowMs - this.#sinceMs) / this.#halfLifeMs) };
    return this.#scale.factor;
  }
}
