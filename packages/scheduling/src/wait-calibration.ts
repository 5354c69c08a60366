/** Forecasts that came true are kept until so many newer ones did. */
const KEPT = 500;
/** Of those that come true at once one is kept: else a moment of a large fleet would be all there is to learn from. */
const BETWEEN_MS = 200;
/** Fewer say nothing about the range. */
const ENOUGH = 20;
/** Added to both sides of a ratio, in ms: below it an error is noise and not a factor. */
const NOISE_MS = 500;
/** How many waits may fall short of the range, and how many beyond it. */
const WANTED_MISSES = 0.1;
/** By how much one miss moves an end of the range, as a share of the waits, with no other forecast out. */
const GAIN = 0.06;
/** With so many more forecasts out, half as much: what they come to is not known yet, and all were given the same range. */
const PATIENT_WITH = 10;
/** Within these an end of the range moves; below 0 it is beyond all that was seen. */
const SHARE = { least: -0.5, most: 0.4 };
/** How often waits that go on are held against their range. */
const SWEEP_MS = 250;

/** What a forecast came to: half of the waits were shorter than the median, four of five within the range. In ms. */
export interface CalibratedWait {
  readonly medianMs: number;
  readonly lowMs: number;
  readonly highMs: number;
}

/** A forecast that was given out and of which it is not known yet what it comes to. */
export interface GivenForecast {
  readonly forecastMs: number;
  readonly atMs: number;
  readonly range: CalibratedWait | undefined;
}

/**
 * Turns a rough forecast of a wait into one whose range holds what it says: by the quantiles of how earlier forecasts
 * came out, actual over forecast (split conformal prediction: Vovk, Gammerman and Shafer, Algorithmic Learning in a
 * Random World, 2005). Which quantiles follows the misses: each moves its end of the range out, each wait that is none a
 * ninth as far in (adaptive conformal inference: Gibbs and Candès, 2021). A wait that goes on beyond its range is a miss
 * before it is over, so a line that only grows is learnt from while it does.
 */
export class WaitCalibration {
  readonly #ratios: number[] = [];
  readonly #given = new Set<GivenForecast>();
  readonly #late = new Set<GivenForecast>();
  #next = 0;
  #keptMs = Number.NEGATIVE_INFINITY;
  #sweptMs = Number.NEGATIVE_INFINITY;
  #sorted: readonly number[] | undefined;
  #lowShare = WANTED_MISSES;
  #highShare = WANTED_MISSES;

  /** Gives a forecast out. What comes of it is to be told by `began` or `left`. */
  give(forecastMs: number, nowMs: number): GivenForecast {
    this.#sweep(nowMs);
    const given = { forecastMs, atMs: nowMs, range: this.of(forecastMs) };
    this.#given.add(given);
    return given;
  }

  /** The wait is over. */
  began(given: GivenForecast, nowMs: number): void {
    const { forecastMs, atMs, range } = given;
    const waitMs = nowMs - atMs;
    if (range && !this.#late.has(given)) this.#follow(waitMs < range.lowMs, waitMs > range.highMs);
    this.left(given);
    if (nowMs - this.#keptMs < BETWEEN_MS) return;
    this.#keptMs = nowMs;
    this.#ratios[this.#next] = (waitMs + NOISE_MS) / (forecastMs + NOISE_MS);
    this.#next = (this.#next + 1) % KEPT;
    this.#sorted = undefined;
  }

  /** The job will never begin. */
  left(given: GivenForecast): void {
    this.#given.delete(given);
    this.#late.delete(given);
  }

  /** Undefined until enough forecasts came true. */
  of(forecastMs: number): CalibratedWait | undefined {
    if (this.#ratios.length < ENOUGH) return undefined;
    this.#sorted ??= [...this.#ratios].sort((a, b) => a - b);
    const sorted = this.#sorted;
    // the finite-sample correction of split conformal prediction: ranks of n + 1, not of n
    const at = (share: number) =>
      sorted[Math.min(sorted.length, Math.max(1, rank(share, sorted.length))) - 1] ?? 1;
    const waitMs = (ratio: number) => Math.max(0, (forecastMs + NOISE_MS) * ratio - NOISE_MS);
    const beyond = 1 + 2 * Math.max(0, -this.#highShare);
    return {
      medianMs: waitMs(at(0.5)),
      lowMs: this.#lowShare <= 0 ? 0 : waitMs(at(this.#lowShare)),
      highMs: waitMs(at(1 - Math.max(0, this.#highShare)) * beyond),
    };
  }

  /** Waits that are longer by now than their range said. */
  #sweep(nowMs: number): void {
    if (nowMs - this.#sweptMs < SWEEP_MS) return;
    this.#sweptMs = nowMs;
    for (const given of this.#given) {
      if (!given.range || nowMs - given.atMs <= given.range.highMs || this.#late.has(given)) continue;
      this.#late.add(given);
      this.#follow(false, true);
    }
  }

  #follow(isBelow: boolean, isAbove: boolean): void {
    const gain = GAIN / (1 + this.#given.size / PATIENT_WITH);
    this.#lowShare = moved(this.#lowShare, gain, isBelow);
    this.#highShare = moved(this.#highShare, gain, isAbove);
  }
}

function moved(share: number, gain: number, isMiss: boolean): number {
  const to = share + gain * (WANTED_MISSES - (isMiss ? 1 : 0));
  return Math.min(SHARE.most, Math.max(SHARE.least, to));
}

function rank(share: number, count: number): number {
  const exact = share * (count + 1);
  return share < 0.5 ? Math.floor(exact) : Math.ceil(exact);
}
