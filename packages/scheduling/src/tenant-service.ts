interface Tally {
  valueMs: number;
  atMs: number;
}

/**
 * How much of the fleet's time each tenant had lately, divided by its weight: the virtual time of weighted fair
 * queueing (Demers, Keshav and Shenker, 1989), which halves every `halfLifeMs`, so that who waited long ago is owed
 * nothing for ever.
 */
export class TenantService {
  readonly #halfLifeMs: number;
  readonly #weights: Readonly<Record<string, number>>;
  readonly #tallies = new Map<string, Tally>();

  /** A tenant without a weight has 1. */
  constructor(halfLifeMs: number, weights: Readonly<Record<string, number>>) {
    this.#halfLifeMs = halfLifeMs;
    this.#weights = weights;
  }

  /** Adds time of one worker, in ms; less than nothing takes back what was charged too much. */
  charge(tenant: string, serviceMs: number, nowMs: number): void {
    const valueMs = Math.max(0, this.#valueMs(tenant, nowMs) + serviceMs);
    this.#tallies.set(tenant, { valueMs, atMs: nowMs });
  }

  /** Weighted ms that the tenant has had; 0 for one that is new. */
  hadMs(tenant: string, nowMs: number): number {
    return this.#valueMs(tenant, nowMs) / this.weight(tenant);
  }

  weight(tenant: string): number {
    return this.#weights[tenant] ?? 1;
  }

  /** Forgets tenants that had next to nothing. */
  prune(nowMs: number): void {
    for (const tenant of this.#tallies.keys()) {
      if (this.#valueMs(tenant, nowMs) < 1) this.#tallies.delete(tenant);
    }
  }

  #valueMs(tenant: string, nowMs: number): number {
    const tally = this.#tallies.get(tenant);
    if (!tally) return 0;
    return tally.valueMs * 2 ** (-Math.max(0, nowMs - tally.atMs) / this.#halfLifeMs);
  }
}
