interface Host {
  taken: number;
  /** Those who wait for a slot, the first come first. */
  readonly waiting: Set<(taken: boolean) => void>;
}

/** Bounds the calls under way to one host, so that one that hangs does not hold up the others. */
export class HostSlots {
  readonly #perHost: number;
  readonly #hosts = new Map<string, Host>();

  constructor(perHost: number) {
    this.#perHost = perHost;
  }

  /** Resolves true with a slot, or false when none came free within `waitMs`. */
  async take(name: string, waitMs: number): Promise<boolean> {
    const host = this.#hosts.get(name) ?? { taken: 0, waiting: new Set() };
    this.#hosts.set(name, host);
    if (host.taken < this.#perHost) {
      host.taken += 1;
      return true;
    }
    const { promise, resolve } = Promise.withResolvers<boolean>();
    host.waiting.add(resolve);
    const timer = setTimeout(resolve, waitMs, false);
    const taken = await promise;
    clearTimeout(timer);
    host.waiting.delete(resolve);
    return taken;
  }

  give(name: string): void {
    const host = this.#hosts.get(name);
    if (!host) return;
    const [next] = host.waiting;
    if (next) {
      // the slot goes from hand to hand
      host.waiting.delete(next);
      next(true);
      return;
    }
    host.taken -= 1;
    if (host.taken === 0) this.#hosts.delete(name);
  }
}
