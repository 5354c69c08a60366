/** Forecasts that are kept, whether it is known or not what they come to. */
const KEPT = 300;
/** They are spread over so many median waits: a moment of a large fleet would tell one thing 300 times. */
const SPREAD_WAITS = 4;
const LEAST_BETWEEN_MS = 20;
/** Nothing is said of fewer waits that are over, or of less time than so many runs: what waits at once waits alike. */
const ENOUGH = { waits: 20, turns: 2 };
/** Where fewer waits are as long, the curve ends. */
const LEAST_AS_LONG = 3;
/** How many waits may fall short of the range, and how many beyond it. */
const MISSES = 0.1;
/** Added to both sides of a ratio, in ms, besides the time of a run: below it an error is noise and not a factor. */
const NOISE_MS = 500;
/** How long a curve is good for, in ms. */
const FRESH_MS = 250;
/** What 300 products may be off. */
const ROUNDING = 1e-9;

/** What a wait would be if nothing but the line itself mattered. In ms. */
export interface Forecast {
  readonly waitMs: number;
  /** The mean time of a run: less than that a line does not tell. */
  readonly turnMs: number;
}

/** What a forecast means: half of the waits are shorter than the median, four of five within the range. In ms. */
export interface CalibratedWait {
  readonly medianMs: number;
  readonly lowMs: number;
  readonly highMs: number;
}

/** A forecast that is kept, of which `WaitCalibration` is to be told what it comes to. */
export interface KeptForecast {
  readonly forecast: Forecast;
  readonly atMs: number;
  /** When the job began or left the line, undefined while it waits. */
  untilMs: number | undefined;
  hasBegun: boolean;
}

/** The share of waits that go on beyond this ratio of wait to forecast. */
interface Step {
  readonly ratio: number;
  readonly share: number;
}

interface Curve {
  readonly steps: readonly Step[];
  /** From the first of the forecasts that came true to the last. */
  readonly spanMs: number;
  /** Of the waits, those that go on as long as they are by now. */
  readonly medianMs: number;
  readonly atMs: number;
}

/**
 * Turns a rough forecast of a wait into a range that holds four of five, by how the last forecasts of its like come
 * out: quantiles of wait over forecast, as in split conformal prediction (Vovk, Gammerman and Shafer, Algorithmic
 * Learning in a Random World, 2005). A wait that is not over counts as longer than it is by now (Kaplan and Meier, 1958):
 * the waits that are over alone would be the short ones wherever a line grows. Where so many go on that the upper end
 * can not be known, no range is given.
 *
 * The lower end is never above the forecast: if nothing more came from now on, that is how long it would take. What can not
 * fall short of it then may go beyond the upper end.
 */
export class WaitCalibration {
  /** Oldest first. */
  readonly #kept: KeptForecast[] = [];
  #curve: Curve = { steps: [], spanMs: 0, medianMs: 0, atMs: Number.NEGATIVE_INFINITY };

  /** Undefined while there is too little to learn from. */
  of(forecast: Forecast, nowMs: number): CalibratedWait | undefined {
    const { steps, spanMs } = this.#curveAt(nowMs);
    if (spanMs < ENOUGH.turns * forecast.turnMs) return undefined;
    const low = Math.min(1, ratioAt(steps, 1 - MISSES) ?? 1);
    const median = ratioAt(steps, 0.5);
    const high = ratioAt(steps, 2 * MISSES - Math.min(MISSES, shareWithin(steps, low)));
    if (median === undefined || high === undefined) return undefined;
    const waitOf = (ratio: number) =>
      Math.max(0, (forecast.waitMs + noiseMs(forecast)) * ratio - noiseMs(forecast));
    return { medianMs: waitOf(median), lowMs: waitOf(low), highMs: waitOf(high) };
  }

  /** Keeps a forecast, unless one was kept just before. What comes of it is to be told by `began` or `left`. */
  keep(forecast: Forecast, nowMs: number): KeptForecast | undefined {
    const last = this.#kept.at(-1);
    const betweenMs = Math.max(LEAST_BETWEEN_MS, (this.#curveAt(nowMs).medianMs * SPREAD_WAITS) / KEPT);
    // a clock that was set back is no reason to wait
    if (last && nowMs >= last.atMs && nowMs - last.atMs < betweenMs) return undefined;
    const kept: KeptForecast = { forecast, atMs: nowMs, untilMs: undefined, hasBegun: false };
    this.#kept.push(kept);
    if (this.#kept.length > KEPT) this.#kept.shift();
    return kept;
  }

  /** The wait is over. */
  began(kept: KeptForecast, nowMs: number): void {
    kept.hasBegun = true;
    kept.untilMs = nowMs;
  }

  /** The job will never begin. */
  left(kept: KeptForecast, nowMs: number): void {
    kept.untilMs = nowMs;
  }

  #curveAt(nowMs: number): Curve {
    if (nowMs - this.#curve.atMs < FRESH_MS && nowMs >= this.#curve.atMs) return this.#curve;
    const lengths = this.#kept.map(({ atMs, untilMs }) => (untilMs ?? nowMs) - atMs).sort((a, b) => a - b);
    const begun = this.#kept.filter(({ hasBegun }) => hasBegun);
    this.#curve = {
      spanMs: (begun.at(-1)?.atMs ?? 0) - (begun[0]?.atMs ?? 0),
      steps: stepsOf(this.#kept, nowMs),
      medianMs: lengths[lengths.length >> 1] ?? 0,
      atMs: nowMs,
    };
    return this.#curve;
  }
}

/** The product-limit estimate of Kaplan and Meier: each wait that is over takes its part of those that were as long. */
function stepsOf(kept: readonly KeptForecast[], nowMs: number): readonly Step[] {
  const waits = kept
    .map((one) => ({ ratio: ratioOf(one, nowMs), hasBegun: one.hasBegun }))
    .sort((a, b) => a.ratio - b.ratio || Number(b.hasBegun) - Number(a.hasBegun));
  const steps: Step[] = [];
  let share = 1;
  for (const [place, { ratio, hasBegun }] of waits.entries()) {
    const asLong = waits.length - place;
    if (asLong < LEAST_AS_LONG) break;
    if (!hasBegun) continue;
    share *= 1 - 1 / asLong;
    steps.push({ ratio, share });
  }
  return steps.length < ENOUGH.waits ? [] : steps;
}

function ratioOf({ forecast, atMs, untilMs }: KeptForecast, nowMs: number): number {
  return ((untilMs ?? nowMs) - atMs + noiseMs(forecast)) / (forecast.waitMs + noiseMs(forecast));
}

const noiseMs = ({ turnMs }: Forecast) => turnMs + NOISE_MS;

/** The least ratio that no more than this share of the waits goes beyond; undefined where that is not known. */
function ratioAt(steps: readonly Step[], share: number): number | undefined {
  return steps.find((step) => step.share <= share + ROUNDING)?.ratio;
}

/** The share of waits that are no longer than this ratio of their forecast. */
function shareWithin(steps: readonly Step[], ratio: number): number {
  return 1 - (steps.findLast((step) => step.ratio < ratio)?.share ?? 1);
}
