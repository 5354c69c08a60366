import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

/** What a worker counts; names and units as Prometheus recommends. */
export interface WorkerMetrics {
  readonly attempts: Counter<'outcome'>;
  readonly engineBusySeconds: Counter;
  readonly queueAgeSeconds: Histogram;
  readonly modelLoads: Counter<'model'>;
  readonly inFlight: Gauge;
}

export function createWorkerMetrics(registry: Registry): WorkerMetrics {
  const registers = [registry];
  return {
    attempts: new Counter({
      name: 'genfleet_attempts_total',
      help: 'Attempts by what became of them',
      labelNames: ['outcome'],
      registers,
    }),
    engineBusySeconds: new Counter({
      name: 'genfleet_engine_busy_seconds_total',
      help: 'Time in which the engine ran a batch',
      registers,
    }),
    queueAgeSeconds: new Histogram({
      name: 'genfleet_queue_age_seconds',
      help: 'Age of a job when its attempt starts',
      buckets: [0.05, 0.25, 1, 5, 15, 60, 300, 1_800, 7_200],
      registers,
    }),
    modelLoads: new Counter({
      name: 'genfleet_model_loads_total',
      help: 'Times a model had to be loaded for a run',
      labelNames: ['model'],
      registers,
    }),
    inFlight: new Gauge({
      name: 'genfleet_worker_jobs_in_flight',
      help: 'Jobs received and not yet settled',
      registers,
    }),
  };
}
