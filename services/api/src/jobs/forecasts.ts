import { type JobState, statusOf } from '@genfleet/job';
import type { View } from '@genfleet/ledger';
import {
  type CalibratedWait,
  type Forecast,
  type KeptForecast,
  levelOf,
  type Standing,
  WaitCalibration,
} from '@genfleet/scheduling';

/** Jobs whose forecasts are held against what comes of them, at a time. */
const MAX_WATCHED = 1_000;
/** Forecasts of one job that count, and the time between two of them in ms. */
const MAX_PER_JOB = 8;
const BETWEEN_MS = 1_000;

/**
 * Forecasts of waits that were given out, and what comes of them: by that the next ones are corrected. Those of one
 * priority whose model some worker has in memory are held against each other, and those whose model none has.
 */
export class Forecasts {
  readonly #view: Pick<View, 'onChange'>;
  readonly #clock: () => number;
  readonly #stopping: AbortSignal;
  readonly #calibrations = new Map<string, WaitCalibration>();
  readonly #watched = new Map<string, KeptForecast[]>();

  constructor(view: Pick<View, 'onChange'>, clock: () => number, stopping: AbortSignal) {
    this.#view = view;
    this.#clock = clock;
    this.#stopping = stopping;
  }

  /** What a rough forecast for a job that waits means, undefined while there is too little to learn from. */
  correct(state: JobState, standing: Standing | undefined, forecast: Forecast): CalibratedWait | undefined {
    const calibration = this.#calibrationFor(state, standing);
    this.#watch(state.id, forecast, calibration);
    return calibration.of(forecast, this.#clock());
  }

  #calibrationFor({ request }: JobState, standing: Standing | undefined): WaitCalibration {
    const key = standing
      ? `${standing.level} ${standing.isModelHeld}`
      : `${levelOf(request?.priority)} unknown`;
    const known = this.#calibrations.get(key) ?? new WaitCalibration();
    this.#calibrations.set(key, known);
    return known;
  }

  #watch(id: string, forecast: Forecast, calibration: WaitCalibration): void {
    const nowMs = this.#clock();
    const known = this.#watched.get(id);
    if (!known && this.#watched.size >= MAX_WATCHED) return;
    const last = known?.at(-1);
    if (known && (known.length >= MAX_PER_JOB || (last && nowMs - last.atMs < BETWEEN_MS))) return;
    const kept = calibration.keep(forecast, nowMs);
    if (!kept) return;
    if (known) known.push(kept);
    else this.#follow(id, [kept], calibration);
  }

  #follow(id: string, forecasts: KeptForecast[], calibration: WaitCalibration): void {
    this.#watched.set(id, forecasts);
    const begun = new AbortController();
    this.#view.onChange(
      id,
      ({ state }) => {
        const status = statusOf(state);
        if (status === 'queued' || status === 'retrying') return;
        begun.abort('begun');
        this.#watched.delete(id);
        const nowMs = this.#clock();
        for (const kept of forecasts) {
          // one that was cancelled or died waiting never began
          if (status === 'running' || status === 'completed') calibration.began(kept, nowMs);
          else calibration.left(kept, nowMs);
        }
      },
      AbortSignal.any([begun.signal, this.#stopping]),
    );
  }
}
