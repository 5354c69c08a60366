export { createWorkerMetrics, type WorkerMetrics } from './metrics.ts';
export type { WorkerOptions } from './options.ts';
export { startWorker, type Worker } from './worker.ts';
