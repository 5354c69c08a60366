/** Bounds the calls under way to one host, so that one that hangs does not hold up the others. */
export class HostSlots {
  readonly #perHost: number;
  readonly #taken = new Map<string, number>();

  constructor(perHost: number) {
    this.#perHost = perHost;
  }

  /** False when the host has as many calls as it may. */
  take(host: string): boolean {
    const taken = this.#taken.get(host) ?? 0;
    if (taken >= this.#perHost) return false;
    this.#taken.set(host, taken + 1);
    return true;
  }

  give(host: string): void {
    const left = (this.#taken.get(host) ?? 0) - 1;
    if (left > 0) this.#taken.set(host, left);
    else this.#taken.delete(host);
  }
}
