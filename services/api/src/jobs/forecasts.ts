import { type JobState, PRIORITIES, type Priority, statusOf } from '@genfleet/job';
import type { View } from '@genfleet/ledger';
import { type CalibratedWait, type GivenForecast, WaitCalibration } from '@genfleet/scheduling';

/** Jobs whose forecasts are held against what comes of them, at a time. */
const MAX_WATCHED = 1_000;
/** Forecasts of one job that count, and the time between two of them in ms. */
const MAX_PER_JOB = 8;
const BETWEEN_MS = 1_000;

/** Forecasts of waits that were given out, and what came of them: by that the next ones are corrected. */
export class Forecasts {
  readonly #view: Pick<View, 'onChange'>;
  readonly #clock: () => number;
  readonly #stopping: AbortSignal;
  readonly #calibrations = new Map<Priority, WaitCalibration>(
    PRIORITIES.map((priority) => [priority, new WaitCalibration()]),
  );
  readonly #watched = new Map<string, GivenForecast[]>();

  constructor(view: Pick<View, 'onChange'>, clock: () => number, stopping: AbortSignal) {
    this.#view = view;
    this.#clock = clock;
    this.#stopping = stopping;
  }

  /** What a rough forecast for a job that waits means, undefined before enough of them came true. */
  correct({ id, request }: JobState, roughMs: number): CalibratedWait | undefined {
    const calibration = this.#calibrations.get(request?.priority ?? 'normal');
    if (calibration) this.#watch(id, roughMs, calibration);
    return calibration?.of(roughMs);
  }

  #watch(id: string, waitMs: number, calibration: WaitCalibration): void {
    const atMs = this.#clock();
    const known = this.#watched.get(id);
    if (known) {
      const last = known.at(-1);
      if (known.length < MAX_PER_JOB && last && atMs - last.atMs >= BETWEEN_MS) {
        known.push(calibration.give(waitMs, atMs));
      }
      return;
    }
    if (this.#watched.size >= MAX_WATCHED) return;
    const forecasts = [calibration.give(waitMs, atMs)];
    this.#watched.set(id, forecasts);
    const begun = new AbortController();
    this.#view.onChange(
      id,
      ({ state }) => {
        const status = statusOf(state);
        if (status === 'queued' || status === 'retrying') return;
        begun.abort();
        this.#watched.delete(id);
        const nowMs = this.#clock();
        for (const given of forecasts) {
          // one that was cancelled or died waiting never began
          if (status === 'running' || status === 'completed') calibration.began(given, nowMs);
          else calibration.left(given);
        }
      },
      AbortSignal.any([begun.signal, this.#stopping]),
    );
  }
}
