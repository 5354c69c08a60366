import type { ModelCatalogue } from '@genfleet/catalogue';
import { KINDS, type Kind } from '@genfleet/job';
import type { View } from '@genfleet/ledger';
import { Counter, Gauge, Histogram, type Registry } from '@genfleet/telemetry';

/** What the API counts; names and units as Prometheus recommends. */
export interface ApiMetrics {
  readonly registry: Registry;
  readonly requests: Counter<'method' | 'route' | 'status'>;
  readonly requestSeconds: Histogram<'method' | 'route'>;
  /** From a request for text to the first piece of it. */
  readonly firstTextSeconds: Histogram;
  readonly feedback: Counter<'model' | 'outcome'>;
  openStreams(): number;
  /** Counts an event stream until the returned function is called. */
  streamOpened(): () => void;
}

const JOB_LABELS = ['model', 'state'] as const;

export function createApiMetrics(
  registry: Registry,
  views: Readonly<Record<Kind, Pick<View, 'waiting'>>>,
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
      const waiting = KINDS.flatMap((kind) => [...views[kind].waiting()]);
      for (const [name, { queued, running }] of waiting) {
        // names come from clients: only those that workers announced may become labels
        const model = catalogue.info(name)?.name ?? 'unknown';
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
    firstTextSeconds: new Histogram({
      name: 'genfleet_first_text_seconds',
      help: 'From a request for a completion to the first piece of its text',
      buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
      registers,
    }),
    feedback: new Counter({
      name: 'genfleet_completion_feedback_total',
      help: 'Suggestions by what the person made of them',
      labelNames: ['model', 'outcome'],
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
