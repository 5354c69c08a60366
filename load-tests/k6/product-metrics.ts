import { sumsIn } from '../prometheus.ts';
import { get } from './calls.ts';

/** What the product says of itself. */
export function readMetrics(): ReadonlyMap<string, number> {
  return sumsIn(String(get('/metrics', { route: 'metrics', expect: [200] }).body ?? ''));
}
