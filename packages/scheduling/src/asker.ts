import type { WaitingJob } from './waiting-job.ts';

/** The worker that asks what to run next. */
export interface Asker {
  readonly worker: string;
  /** The worker's own name of a model, undefined for one that it can't run. */
  readonly resolve: (model: string) => string | undefined;
  /** Whether a model, by the worker's own name, is in its memory. */
  readonly isLoaded: (model: string) => boolean;
  /** Jobs that wait for less, in ms, are left to the bus: it is handing them out just now. */
  readonly minWaitMs: number;
  /** Jobs that it runs together at most. */
  readonly batchJobs: number;
  /** 0 ≤ x < 1. */
  readonly random: () => number;
  /** For how long, in ms, a job that the bus handed to this worker may be passed over. */
  readonly patienceMs: number;
}

/** A job that the bus handed to this worker, and since when (Unix ms) it was passed over. */
export interface HeldJob extends WaitingJob {
  readonly heldSinceMs: number;
}
