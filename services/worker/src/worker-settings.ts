import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { Bus } from '@genfleet/bus';
import type { Config } from '@genfleet/config';
import type { WorkerOptions } from './options.ts';

/** What a worker takes from the configuration and its process, the same wherever it runs: all but its backing services. */
export function workerSettings(
  config: Config,
  bus: Pick<Bus, 'nowMs'>,
): Omit<WorkerOptions, 'bus' | 'view' | 'artifacts' | 'log' | 'metrics'> {
  return {
    worker: `${hostname()}-${process.pid}-${randomUUID().slice(0, 8)}`,
    now: () => bus.nowMs(),
    newClaim: randomUUID,
    backoffMs: config.RETRY_BACKOFF_MS,
    scheduling: { weights: config.TENANT_WEIGHTS, patienceMs: config.SCHEDULING_PATIENCE_SECONDS * 1_000 },
    engineIdleTimeoutMs: config.ENGINE_IDLE_TIMEOUT_MS,
  };
}
