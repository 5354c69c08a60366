/** Forecasts are kept until so many newer ones came true. */
const KEPT = 500;
/** Fewer say nothing about the range. */
const ENOUGH = 20;
/** Added to both sides of a ratio, in ms: below it an error is noise and not a factor. */
const NOISE_MS = 500;

/** What a forecast came to: half of the waits were shorter than the median, four of five within the range. In ms. */
export interface CalibratedWait {
  readonly medianMs: number;
  readonly lowMs: number;
  readonly highMs: number;
}

/**
 * Turns a rough forecast of a wait into one whose range holds what it says: by the quantiles of how earlier forecasts
 * came out, actual over forecast (split conformal prediction: Vovk, Gammerman and Shafer, Algorithmic Learning in a
 * Random World, 2005). It holds whatever is wrong with the rough one, for as long as that stays wrong in the same way.
 */
export class WaitCalibration {
  readonly #ratios: number[] = [];
  #next = 0;
  #sorted: readonly number[] | undefined;

  /** A forecast came true. */
  learn(forecastMs: number, actualMs: number): void {
    this.#ratios[this.#next] = (actualMs + NOISE_MS) / (forecastMs + NOISE_MS);
    this.#next = (this.#next + 1) % KEPT;
    this.#sorted = undefined;
  }

  /** Undefined until enough forecasts came true. */
  of(forecastMs: number): CalibratedWait | undefined {
    if (this.#ratios.length < ENOUGH) return undefined;
    this.#sorted ??= [...this.#ratios].sort((a, b) => a - b);
    const sorted = this.#sorted;
    // the finite-sample correction of split conformal prediction: ranks of n + 1, not of n
    const at = (share: number) =>
      sorted[Math.min(sorted.length, Math.max(1, rank(share, sorted.length))) - 1] ?? 1;
    const waitMs = (share: number) => Math.max(0, (forecastMs + NOISE_MS) * at(share) - NOISE_MS);
    return { medianMs: waitMs(0.5), lowMs: waitMs(0.1), highMs: waitMs(0.9) };
  }
}

function rank(share: number, count: number): number {
  const exact = share * (count + 1);
  return share < 0.5 ? Math.floor(exact) : Math.ceil(exact);
}
