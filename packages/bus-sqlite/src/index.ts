import type { Bus } from '@genfleet/bus';
import { SqliteBus } from './sqlite-bus.ts';

/** The embedded bus: durable topics in one SQLite file, which is made if there is none. @throws GenfleetError `bus_unavailable`. */
export function openSqliteBus(options: { readonly file: string }): Promise<Bus> {
  return SqliteBus.open(options.file);
}
