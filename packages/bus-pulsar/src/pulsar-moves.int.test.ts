import { pulsarContract } from '@genfleet/pulsar-admin/contract';
import { describe, it } from '@jest/globals';
import { provide, provideNativeClient } from '../../../tools/provision/components.ts';
import { openPulsarBus } from './index.ts';

const client = await provideNativeClient();
const pulsar = client.missing === undefined ? await provide('pulsar') : { missing: client.missing };

if ('missing' in pulsar) {
  describe('bus-pulsar', () =>
    it.skip(`goes on when topics move (not here: ${pulsar.missing})`, () => undefined));
} else {
  const { url, adminUrl, token } = pulsar;
  const open = (namespace: string) =>
    openPulsarBus({ url: `${url}/${namespace}`, adminUrl, ...(token ? { token } : {}) });
  pulsarContract({ name: 'bus-pulsar', pulsar, open });
}
