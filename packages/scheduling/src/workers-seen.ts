const MAX_WORKERS = 20_000;
/** A worker that began nothing for so long is not counted on to hold its model. */
const HOLDS_MS = 900_000;

/** Which model each of the fleet's workers holds, as what it began last tells. */
export class WorkersSeen {
  /** Least lately seen first. */
  readonly #workers = new Map<string, { readonly model: string; readonly atMs: number }>();
  readonly #holders = new Map<string, number>();

  holds(worker: string, model: string): boolean {
    return this.#workers.get(worker)?.model === model;
  }

  /** Workers other than `worker` that ran the model last. */
  holders(model: string, worker: string): number {
    return (this.#holders.get(model) ?? 0) - (this.holds(worker, model) ? 1 : 0);
  }

  began(worker: string, model: string, nowMs: number): void {
    this.#forget(worker);
    this.#workers.set(worker, { model, atMs: nowMs });
    this.#holders.set(model, (this.#holders.get(model) ?? 0) + 1);
    for (const [name, { atMs }] of this.#workers) {
      if (atMs > nowMs - HOLDS_MS && this.#workers.size <= MAX_WORKERS) return;
      this.#forget(name);
    }
  }

  #forget(worker: string): void {
    const seen = this.#workers.get(worker);
    if (!seen) return;
    this.#workers.delete(worker);
    const others = (this.#holders.get(seen.model) ?? 0) - 1;
    if (others > 0) this.#holders.set(seen.model, others);
    else this.#holders.delete(seen.model);
  }
}
