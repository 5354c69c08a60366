import { pulsarContract } from '@genfleet/pulsar-admin/contract';
import { describe, it } from '@jest/globals';
import { provide } from '../../../tools/provision/components.ts';
import { openPulsarWsBus } from './index.ts';

const pulsar = await provide('pulsar');

if ('missing' in pulsar) {
  describe('bus-pulsar-ws', () =>
    it.skip(`goes on when topics move (not here: ${pulsar.missing})`, () => undefined));
} else {
  const { wsUrl, adminUrl, token } = pulsar;
  const open = (namespace: string) =>
    openPulsarWsBus({ url: `${wsUrl}/${namespace}`, adminUrl, ...(token ? { token } : {}) });
  pulsarContract({ name: 'bus-pulsar-ws', pulsar, open });
}
