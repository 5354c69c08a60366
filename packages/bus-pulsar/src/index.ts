import type { Bus } from '@genfleet/bus';
import { PulsarBus, type PulsarBusOptions, readAddress } from '@genfleet/pulsar-admin';
import { loadNative } from './native.ts';
import { NativeTransport } from './native-transport.ts';

export type { PulsarBusOptions } from '@genfleet/pulsar-admin';

/**
 * The bus on Pulsar's own protocol, through the native `pulsar-client`, which is loaded now and not before.
 * Connects at the first use.
 * @throws GenfleetError `dependency_missing` where the native client can't be had, `invalid_configuration`.
 */
export async function openPulsarBus(options: PulsarBusOptions): Promise<Bus> {
  const address = readAddress(options);
  return new PulsarBus(address, new NativeTransport(await loadNative(), address));
}
