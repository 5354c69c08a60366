export type { WorkerOptions } from './options.ts';
export { startImageWorker, startTextWorker, type Worker } from './worker.ts';
export { startWorkers } from './workers.ts';
