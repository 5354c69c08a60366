import { collectDefaultMetrics, Registry } from 'prom-client';

/** Services define their metrics with these; the library is named in this package alone. */
export { Counter, Gauge, Histogram, Registry } from 'prom-client';

/**
 * A registry with the process's own metrics: memory, CPU, event loop lag, garbage collection, handles. Services
 * add theirs to it. Their labels must stay few: a route's pattern, never a path, an id or a prompt.
 */
export function createRegistry(): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  return registry;
}
