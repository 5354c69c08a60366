import { busContract } from '@genfleet/bus/contract';
import { describe, it } from '@jest/globals';
import { pulsarUnderTest } from '../../../tools/provision/components.ts';

const broker = await pulsarUnderTest();

if ('missing' in broker) {
  describe('bus-pulsar-ws', () =>
    it.skip(`keeps the bus contract (not here: ${broker.missing})`, () => undefined));
} else {
  const { wsUrl, namespace, token, wrongToken } = broker;
  const address = (server: string, secret: string | undefined) =>
    `${server}/${namespace}${secret ? `?token=${secret}` : ''}`;
  busContract({
    name: 'bus-pulsar-ws',
    module: new URL('../test/open-bus.ts', import.meta.url).href,
    create: async () => ({
      address: address(wsUrl, token),
      unreachableAddress: address('pulsar+ws://127.0.0.1:9', token),
      ...(wrongToken ? { wrongTokenAddress: address(wsUrl, wrongToken) } : {}),
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
