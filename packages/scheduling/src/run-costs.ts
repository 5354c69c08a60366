/** Weight of the newest in the exponential means. */
const NEWEST = 0.1;

/** What runs and changes of model have cost lately, by model: exponential means in ms. */
export class RunCosts {
  readonly #runs = new Map<string, number>();
  readonly #loads = new Map<string, number>();

  learn(model: string, runMs: number, loadMs: number): void {
    put(this.#runs, model, runMs);
    if (loadMs > 0) put(this.#loads, model, loadMs);
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
  const before = means.get(model) ?? value;
  means.set(model, before + NEWEST * (value - before));
}
