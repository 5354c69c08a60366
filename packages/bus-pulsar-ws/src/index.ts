import type { Bus } from '@genfleet/bus';
import { PulsarBus, type PulsarBusOptions, readAddress } from '@genfleet/pulsar-admin';
import { WsTransport } from './ws-transport.ts';

export type { PulsarBusOptions } from '@genfleet/pulsar-admin';

/**
 * The bus on Pulsar's WebSocket service. Connects at the first use.
 * @throws GenfleetError `invalid_configuration`.
 */
export async function openPulsarWsBus(options: PulsarBusOptions): Promise<Bus> {
  const address = readAddress(options);
  return new PulsarBus(address, new WsTransport(address));
}
