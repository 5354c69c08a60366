import type { Bus } from '@genfleet/bus';
import { openSqliteBus } from '../src/index.ts';

/** What the contract suite imports, here and in the processes that it kills. */
export function openBus(address: string): Promise<Bus> {
  return openSqliteBus({ file: address.slice('sqlite:'.length) });
}
