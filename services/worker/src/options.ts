import type { ArtifactStore } from '@genfleet/artifacts';
import type { Bus } from '@genfleet/bus';
import type { LocalView } from '@genfleet/ledger';
import type { Logger, WorkerMetrics } from '@genfleet/telemetry';

/** How a worker chooses among the jobs that wait. */
export interface SchedulingOptions {
  /** Share of the fleet that a tenant has a claim to, relative to the 1 of those not named. */
  readonly weights: Readonly<Record<string, number>>;
  /** For how long, in ms, a job that the bus handed out may be passed over. */
  readonly patienceMs: number;
}

export interface WorkerOptions {
  /** Name of this worker in the ledger; unique per process. */
  readonly worker: string;
  readonly bus: Bus;
  /** Folds the same topics; a claim gets its number from it. */
  readonly view: LocalView;
  readonly artifacts: ArtifactStore;
  readonly log: Logger;
  readonly metrics: WorkerMetrics;
  /** Unix time in ms. */
  readonly now: () => number;
  /** A fresh unique text per claim. */
  readonly newClaim: () => string;
  /** Waits before attempts 2, 3, 4 in ms. */
  readonly backoffMs: readonly number[];
  readonly scheduling: SchedulingOptions;
  /** A run without progress for so long is stopped and counts as failed. */
  readonly engineIdleTimeoutMs: number;
}
