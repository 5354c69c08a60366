import { busContract } from '@genfleet/bus/contract';
import { describe, it } from '@jest/globals';
import { provideNativeClient, pulsarUnderTest } from '../../../tools/provision/components.ts';

const client = await provideNativeClient();
const broker = client.missing === undefined ? await pulsarUnderTest() : { missing: client.missing };

if ('missing' in broker) {
  describe('bus-pulsar', () =>
    it.skip(`keeps the bus contract (not here: ${broker.missing})`, () => undefined));
} else {
  const { url, adminUrl, namespace, token, wrongToken } = broker;
  const address = (server: string, admin: string, secret: string | undefined) =>
    `${server}/${namespace}?${new URLSearchParams({ adminUrl: admin, ...(secret ? { token: secret } : {}) })}`;
  busContract({
    name: 'bus-pulsar',
    module: new URL('../test/open-bus.ts', import.meta.url).href,
    create: async () => ({
      address: address(url, adminUrl, token),
      unreachableAddress: address('pulsar://127.0.0.1:9', 'http://127.0.0.1:9', token),
      ...(wrongToken ? { wrongTokenAddress: address(url, adminUrl, wrongToken) } : {}),
      ...(broker.restart ? { restart: broker.restart } : {}),
      destroy: broker.destroy,
    }),
    supports: {
      restart: broker.restart ? true : 'PULSAR_URL names a broker that is not ours to kill',
      tokens: wrongToken ? true : 'the broker that PULSAR_URL names may not ask for tokens',
      noPrefetch: true,
      exactPublishTime: true,
    },
  });
}
