/** Weight of the newest in the exponential means. */
const NEWEST = 0.1;

/** What runs and changes of model have cost lately, by model: exponential means in ms. */
export class RunCosts {
  readonly #runs = new Map<string, number>();
  readonly #loads = new Map<string, number>();
  #turnMs: number | undefined;

  /** What a run took, under each name that its model goes by. */
  learn(models: Iterable<string>, runMs: number, loadMs: number): void {
    for (const model of models) {
      put(this.#runs, model, runMs);
      if (loadMs > 0) put(this.#loads, model, loadMs);
    }
    this.#turnMs = mean(this.#turnMs, runMs + loadMs);
  }

  /** What it takes a worker to get to its next job, whatever the model; undefined before the first run. */
  get turnMs(): number | undefined {
    return this.#turnMs;
  }

  /** 0 before the first run. */
  runMs(model: string): number {
    return this.#runs.get(model) ?? 0;
  }

  /** What it took to load the model where another was; 0 before the first time. */
  loadMs(model: string): number {
    return this.#loads.get(model) ?? 0;
  }
}

function put(means: Map<string, number>, model: string, value: number): void {
  means.set(model, mean(means.get(model), value));
}

function mean(before: number | undefined, value: number): number {
  return before === undefined ? value : before + NEWEST * (value - before);
}
