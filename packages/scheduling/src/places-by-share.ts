/**
 * How many jobs go before one where tenants are served in turn: of each tenant as many as its own has ahead of it, or all
 * that it has if that is fewer. `Σ min(sizeₜ, ahead)` over the tenants is the sum, for each k up to `ahead`, of how many
 * have at least k: prefix sums in a Fenwick tree (1994), so that neither a change nor a question looks at every tenant.
 */
export class PlacesByShare {
  /** At 2^n − 1 the sums are whole, so a tree grows by taking the old one as its first half. */
  #sums: number[] = [0];

  /** A tenant has one more waiting, `size` with it. */
  grew(size: number): void {
    while (size >= this.#sums.length) this.#double();
    this.#add(size, 1);
  }

  /** A tenant has one less waiting than `size`. */
  shrank(size: number): void {
    this.#add(size, -1);
  }

  /** Jobs that go before one whose tenant has so many ahead of it. */
  before(ahead: number): number {
    let sum = 0;
    for (let at = Math.min(ahead, this.#sums.length - 1); at > 0; at -= at & -at) sum += this.#sums[at] ?? 0;
    return sum;
  }

  #add(size: number, by: number): void {
    for (let at = size; at < this.#sums.length; at += at & -at) this.#sums[at] = (this.#sums[at] ?? 0) + by;
  }

  #double(): void {
    const length = this.#sums.length;
    const all = this.before(length - 1);
    this.#sums.push(...Array.from({ length }, () => 0));
    // of the new half only its first holds a sum over the old one
    this.#sums[length] = all;
  }
}
