import type { Bus } from '@genfleet/bus';
import { openPulsarWsBus } from '../src/index.ts';

/** What the contract suite imports, here and in the processes that it kills. */
export function openBus(address: string): Promise<Bus> {
  return openPulsarWsBus({ url: address });
}
