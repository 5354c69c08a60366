import { type KeptForecast, type Standing, WaitCalibration } from '../../packages/scheduling/src/index.ts';
import { estimateWaitMs, type Load } from '../../services/api/src/jobs/estimate.ts';

/** As `Forecasts` in the API does. */
const MAX_WATCHED = 1_000;
/** Ranges said at least, so that the share of those that held means something. */
const ENOUGH = 100;
const NOISE_MS = 500;

export interface RangeFigures {
  /** Share of the waits that were forecast which the range held; undefined with too few. */
  readonly coverage: number | undefined;
  /** Upper end of those ranges over the lower, the median of all, half a second added to both. */
  readonly width: number | undefined;
  /** Share of the jobs in line for which a range was said. */
  readonly saidShare: number;
}

interface Said {
  readonly atMs: number;
  readonly range: { readonly lowMs: number; readonly highMs: number } | undefined;
  readonly watched: readonly [calibration: WaitCalibration, kept: KeptForecast] | undefined;
}

/** The wait of each job as the API would forecast it when it is first seen in line, and what came of it. */
export class WaitForecasts {
  readonly #calibrations = new Map<string, WaitCalibration>();
  readonly #said = new Map<string, Said>();
  readonly #widths: number[] = [];
  #watched = 0;
  #waits = 0;
  #held = 0;

  forecast(id: string, { level, isModelHeld }: Omit<Standing, 'ahead'>, load: Load, nowMs: number): void {
    const key = `${level} ${isModelHeld}`;
    const calibration = this.#calibrations.get(key) ?? new WaitCalibration();
    this.#calibrations.set(key, calibration);
    const forecast = { waitMs: estimateWaitMs(load), turnMs: load.turnMs };
    const kept = this.#watched < MAX_WATCHED ? calibration.keep(forecast, nowMs) : undefined;
    if (kept) this.#watched += 1;
    const range = calibration.of(forecast, nowMs);
    this.#said.set(id, { atMs: nowMs, range, watched: kept && [calibration, kept] });
  }

  began(id: string, nowMs: number): void {
    const said = this.#said.get(id);
    if (!said) return;
    const { atMs, range, watched } = said;
    this.#said.delete(id);
    this.#waits += 1;
    if (watched) {
      const [calibration, kept] = watched;
      calibration.began(kept, nowMs);
      this.#watched -= 1;
    }
    if (!range) return;
    this.#widths.push((range.highMs + NOISE_MS) / (range.lowMs + NOISE_MS));
    if (range.lowMs <= nowMs - atMs && nowMs - atMs <= range.highMs) this.#held += 1;
  }

  get figures(): RangeFigures {
    const widths = [...this.#widths].sort((a, b) => a - b);
    const isEnough = widths.length >= ENOUGH;
    return {
      coverage: isEnough ? this.#held / widths.length : undefined,
      width: isEnough ? widths[widths.length >> 1] : undefined,
      saidShare: widths.length / Math.max(1, this.#waits),
    };
  }
}
