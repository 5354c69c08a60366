export interface Load {
  /** Jobs that go before this one. */
  readonly ahead: number;
  readonly running: number;
  /** Workers that can run it; none counts as one, which is what a scaler will start. */
  readonly workers: number;
  /** Mean time in ms from one job of a worker to its next. */
  readonly turnMs: number;
  /** How long it must wait in any case (a retry's backoff), in ms. */
  readonly notBeforeMs: number;
}

/**
 * About how many ms until a waiting job starts if nothing more comes: the jobs that must end before it can start, shared
 * among the workers: `max(0, ahead + running − workers + 1) / workers × turn`.
 */
export function estimateWaitMs(load: Load): number {
  const workers = Math.max(1, load.workers);
  const mustEnd = Math.max(0, load.ahead + load.running - workers + 1);
  return Math.max(load.notBeforeMs, (mustEnd / workers) * load.turnMs);
}
