import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

export { Registry } from 'prom-client';

/** From a cached answer to a large upload, in seconds. */
const REQUEST_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 30];
const PUBLISH_BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5];
/** Label sets kept prepared for one metric. Past this, labels are looked up each time: slower, never larger. */
const CHILDREN_KEPT = 500;

/** A registry with the process's own metrics: memory, CPU, event loop lag, garbage collection, handles. */
export function createRegistry(): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  return registry;
}

/** What the API counts. Times are given in ms and exposed in seconds, as Prometheus recommends. */
export interface ApiMetrics {
  /** One answered request. `route` is the route's pattern (`/images/:id/`), never the path: labels must stay few. */
  request(method: string, route: string, status: number, durationMs: number): void;
  /** A job whose message is durable. */
  admitted(kind: string): void;
  /** A job that was not taken: `invalid`, `queue_full`, `bus_unavailable`, … */
  rejected(kind: string, reason: string): void;
  /** Time from handing a message to the bus until it was durable. */
  published(topic: string, durationMs: number): void;
  /** Streams open now. */
  readonly eventStreams: Gauge;
}

export function createApiMetrics(registry: Registry): ApiMetrics {
  const registers = [registry];
  const requests = new Histogram({
    name: 'genfleet_http_request_duration_seconds',
    help: 'Time from the request to the end of its answer',
    labelNames: ['method', 'route', 'status'],
    buckets: REQUEST_BUCKETS,
    registers,
  });
  const admitted = counter('genfleet_jobs_admitted_total', 'Jobs accepted and durable', ['kind']);
  const rejected = counter('genfleet_jobs_rejected_total', 'Jobs refused', ['kind', 'reason']);
  const published = new Histogram({
    name: 'genfleet_publish_duration_seconds',
    help: 'Time until a message handed to the bus was durable',
    labelNames: ['topic'],
    buckets: PUBLISH_BUCKETS,
    registers,
  });
  function counter<L extends string>(name: string, help: string, labelNames: L[]) {
    return new Counter({ name, help, labelNames, registers });
  }
  const requestChild = prepared((labels) => requests.labels(...labels));
  const admittedChild = prepared((labels) => admitted.labels(...labels));
  const rejectedChild = prepared((labels) => rejected.labels(...labels));
  const publishedChild = prepared((labels) => published.labels(...labels));
  return {
    request: (method, route, status, durationMs) =>
      requestChild(method, route, String(status)).observe(durationMs / 1_000),
    admitted: (kind) => admittedChild(kind).inc(),
    rejected: (kind, reason) => rejectedChild(kind, reason).inc(),
    published: (topic, durationMs) => publishedChild(topic).observe(durationMs / 1_000),
    eventStreams: new Gauge({
      name: 'genfleet_event_streams_open',
      help: 'Server-sent event streams open now',
      registers,
    }),
  };
}

/** What became of one webhook call. */
export const WEBHOOK_OUTCOMES = ['delivered', 'retried', 'abandoned'] as const;
export type WebhookOutcome = (typeof WEBHOOK_OUTCOMES)[number];

export interface WebhookMetrics {
  settled(outcome: WebhookOutcome): void;
}

export function createWebhookMetrics(registry: Registry): WebhookMetrics {
  const deliveries = new Counter({
    name: 'genfleet_webhook_calls_total',
    help: 'Webhook calls by what became of them: delivered, to be tried again, abandoned for good',
    labelNames: ['outcome'],
    registers: [registry],
  });
  // at zero from the start, so that a rate over them exists before the first failure
  for (const outcome of WEBHOOK_OUTCOMES) deliveries.inc({ outcome }, 0);
  return { settled: (outcome) => deliveries.inc({ outcome }) };
}

/** Remembers a metric's children: finding one by an array of labels costs more than counting. */
function prepared<Child>(find: (labels: string[]) => Child): (...labels: string[]) => Child {
  const children = new Map<string, Child>();
  return (...labels) => {
    const key = labels.join('\n');
    const known = children.get(key);
    if (known !== undefined) return known;
    const child = find(labels);
    if (children.size < CHILDREN_KEPT) children.set(key, child);
    return child;
  };
}
