export interface Load {
  /** Jobs ahead of this one. */
  readonly position: number;
  readonly running: number;
  /** Workers that can run it; none counts as one, which is what a scaler will start. */
  readonly workers: number;
  /** Mean time of a run in ms, undefined before the first. */
  readonly meanRunMs: number | undefined;
  /** How long it must wait in any case (a retry's backoff), in ms. */
  readonly notBeforeMs: number;
}

/**
 * About how many ms until a waiting job starts, or null when no run time is known. Jobs that must end before it can
 * start, shared among the workers: `max(0, position + running − workers + 1) / workers × mean`.
 */
export function estimateWaitMs(load: Load): number | null {
  if (load.meanRunMs === undefined) return null;
  const workers = Math.max(1, load.workers);
  const mustEnd = Math.max(0, load.position + load.running - workers + 1);
  return Math.max(load.notBeforeMs, (mustEnd / workers) * load.meanRunMs);
}
