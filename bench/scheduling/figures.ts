import { type GivenForecast, WaitCalibration } from '../../packages/scheduling/src/index.ts';
import type { Arrival } from './trace.ts';

/** What became of one arrival. */
export interface Served {
  readonly arrival: Arrival;
  readonly worker: string;
  readonly startMs: number;
  readonly endMs: number;
  /** The worker had to load the model first. */
  readonly swapped: boolean;
}

export interface Figures {
  readonly swapsPerJob: number;
  readonly p50WaitMs: number;
  readonly p99WaitMs: number;
  /** Over the tenants that waited, mean of all minutes in which two or more did. */
  readonly jain: number;
  /** From the first arrival to the last end. */
  readonly makespanMs: number;
  /** Share of the waits that the range forecast at their arrival held; undefined with too few jobs. */
  readonly coverage: number | undefined;
  /** Upper end of those ranges over the lower, the median of all, half a second added to both. */
  readonly rangeWidth: number | undefined;
  readonly highP99WaitMs: number | undefined;
}

const MINUTE_MS = 60_000;
/** As `Forecasts` in the API does. */
const MAX_WATCHED = 1_000;
/** Ranges said at least, so that the share of those that held means something. */
const ENOUGH = 100;
const NOISE_MS = 500;

export function figuresOf(served: readonly Served[], workers: number): Figures {
  const waits = served.map(waitOf).sort((a, b) => a - b);
  const high = served
    .filter(({ arrival }) => arrival.priority === 'high')
    .map(waitOf)
    .sort((a, b) => a - b);
  return {
    swapsPerJob: served.filter(({ swapped }) => swapped).length / served.length,
    p50WaitMs: at(waits, 0.5) ?? 0,
    p99WaitMs: at(waits, 0.99) ?? 0,
    jain: meanJain(served),
    makespanMs: Math.max(...served.map(({ endMs }) => endMs)) - (served[0]?.arrival.atMs ?? 0),
    ...calibrationOf(served, workers),
    highP99WaitMs: at(high, 0.99),
  };
}

const waitOf = ({ arrival, startMs }: Served) => startMs - arrival.atMs;

function at(sorted: readonly number[], share: number): number | undefined {
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
}

/**
 * Jain's index (Jain, Chiu and Hawe, 1984), (Σx)² / (n Σx²), of the time that tenants were served in a minute, over
 * those that had something waiting all through it: 1 where all had the same, 1/n where one had everything.
 */
function meanJain(served: readonly Served[]): number {
  const minutes = new Map<number, Map<string, number>>();
  const waiting = new Map<number, Set<string>>();
  for (const { arrival, startMs, endMs } of served) {
    const last = Math.floor(startMs / MINUTE_MS) - 1;
    for (let minute = Math.ceil(arrival.atMs / MINUTE_MS); minute <= last; minute++) {
      waiting.set(minute, (waiting.get(minute) ?? new Set()).add(arrival.tenant));
    }
    for (let minute = Math.floor(startMs / MINUTE_MS); minute * MINUTE_MS < endMs; minute++) {
      const from = Math.max(startMs, minute * MINUTE_MS);
      const until = Math.min(endMs, (minute + 1) * MINUTE_MS);
      const tenants = minutes.get(minute) ?? new Map<string, number>();
      tenants.set(arrival.tenant, (tenants.get(arrival.tenant) ?? 0) + until - from);
      minutes.set(minute, tenants);
    }
  }
  const indices = [...waiting]
    .filter(([, tenants]) => tenants.size > 1)
    .map(([minute, tenants]) => {
      const shares = [...tenants].map((tenant) => minutes.get(minute)?.get(tenant) ?? 0);
      const sum = shares.reduce((total, share) => total + share, 0);
      const squares = shares.reduce((total, share) => total + share * share, 0);
      return squares === 0 ? 1 : (sum * sum) / (shares.length * squares);
    });
  return indices.length === 0 ? 1 : indices.reduce((sum, index) => sum + index, 0) / indices.length;
}

/**
 * Forecasts each wait at its arrival, as the API does, from what had begun and ended by then, and learns from those that
 * it watches.
 */
function calibrationOf(served: readonly Served[], workers: number): Pick<Figures, 'coverage' | 'rangeWidth'> {
  const calibrations = new Map<string, WaitCalibration>();
  const watched = new Map<Served, GivenForecast>();
  const line = new Line(served);
  const widths: number[] = [];
  let held = 0;
  for (const [place, job] of served.entries()) {
    line.moveTo(job.arrival.atMs, (begun) => {
      const given = watched.get(begun);
      if (given) calibrationFor(calibrations, begun).began(given, begun.startMs);
      watched.delete(begun);
    });
    const { begun, ended, meanRunMs } = line;
    if (meanRunMs === undefined) continue;
    const mustEnd = Math.max(0, place - begun + (begun - ended) - workers + 1);
    const forecastMs = (mustEnd / workers) * meanRunMs;
    const calibration = calibrationFor(calibrations, job);
    const range = calibration.of(forecastMs);
    if (watched.size < MAX_WATCHED) watched.set(job, calibration.give(forecastMs, job.arrival.atMs));
    if (!range) continue;
    widths.push((range.highMs + NOISE_MS) / (range.lowMs + NOISE_MS));
    if (range.lowMs <= waitOf(job) && waitOf(job) <= range.highMs) held += 1;
  }
  if (widths.length < ENOUGH) return { coverage: undefined, rangeWidth: undefined };
  widths.sort((a, b) => a - b);
  return { coverage: held / widths.length, rangeWidth: at(widths, 0.5) };
}

/** How many had begun and ended by a moment that moves on. */
class Line {
  begun = 0;
  ended = 0;
  meanRunMs: number | undefined;
  readonly #byStart: readonly Served[];
  readonly #byEnd: readonly Served[];

  constructor(served: readonly Served[]) {
    this.#byStart = [...served].sort((a, b) => a.startMs - b.startMs);
    this.#byEnd = [...served].sort((a, b) => a.endMs - b.endMs);
  }

  moveTo(nowMs: number, onBegun: (job: Served) => void): void {
    for (let job = this.#byEnd[this.ended]; job && job.endMs <= nowMs; job = this.#byEnd[this.ended]) {
      const ranMs = job.endMs - job.startMs;
      this.meanRunMs = this.meanRunMs === undefined ? ranMs : this.meanRunMs + 0.1 * (ranMs - this.meanRunMs);
      this.ended += 1;
    }
    for (let job = this.#byStart[this.begun]; job && job.startMs <= nowMs; job = this.#byStart[this.begun]) {
      onBegun(job);
      this.begun += 1;
    }
  }
}

function calibrationFor(calibrations: Map<string, WaitCalibration>, { arrival }: Served): WaitCalibration {
  const known = calibrations.get(arrival.priority) ?? new WaitCalibration();
  calibrations.set(arrival.priority, known);
  return known;
}
