import type { View } from '@genfleet/ledger';
import { Counter, Gauge, Histogram, type Registry } from '@genfleet/telemetry';
import type { ModelCatalogue } from './feeds/catalogue.ts';

/** What the API counts; names and units as Prometheus recommends. */
export interface ApiMetrics {
  readonly registry: Registry;
  readonly requests: Counter<'method' | 'route' | 'status'>;
  readonly requestSeconds: Histogram<'method' | 'route'>;
  openStreams(): number;
  /** Counts an event stream until the returned function is called. */
  streamOpened(): () => void;
}

const JOB_LABELS = ['model', 'state'] as const;

export function createApiMetrics(
  registry: Registry,
  view: Pick<View, 'waiting'>,
  catalogue: ModelCatalogue,
): ApiMetrics {
  const registers = [registry];
  new Gauge({
    name: 'genfleet_jobs',
    help: 'Jobs that wait and that run, by model',
    labelNames: JOB_LABELS,
    registers,
    collect() {
      this.reset();
      for (const [name, { queued, running }] of view.waiting()) {
        // names come from clients: only those that workers announced may become labels
        const model = catalogue.names().includes(name) ? catalogue.resolve(name) : 'unknown';
        this.inc({ model, state: 'queued' }, queued);
        this.inc({ model, state: 'running' }, running);
      }
    },
  });
  let open = 0;
  new Gauge({
    name: 'genfleet_event_streams',
    help: 'Open event streams',
    registers,
    collect() {
      this.set(open);
    },
  });
  return {
    registry,
    openStreams: () => open,
    streamOpened: () => {
      open += 1;
      return () => {
        open -= 1;
      };
    },
    requests: new Counter({
      name: 'genfleet_http_requests_total',
      help: 'Answers by route and status',
      labelNames: ['method', 'route', 'status'],
      registers,
    }),
    requestSeconds: new Histogram({
      name: 'genfleet_http_request_seconds',
      help: 'Time to an answer, event streams and waits left out',
      labelNames: ['method', 'route'],
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5],
      registers,
    }),
  };
}
