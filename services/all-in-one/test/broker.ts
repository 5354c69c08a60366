import { provideNativeClient, type startOwnPulsar } from '../../../tools/provision/components.ts';

export type Broker = Exclude<Awaited<ReturnType<typeof startOwnPulsar>>, { missing: string }>;

/** Environment of a service on a namespace of this broker, over one of its two protocols. */
export function busEnv(
  broker: Pick<Broker, 'url' | 'wsUrl' | 'adminUrl' | 'token'>,
  protocol: 'native' | 'ws',
  namespace: string,
): Record<string, string> {
  const address = protocol === 'native' ? broker.url : broker.wsUrl;
  return {
    BUS_URL: `${address}/${namespace}`,
    PULSAR_ADMIN_URL: broker.adminUrl,
    ...(broker.token === undefined ? {} : { PULSAR_TOKEN: broker.token }),
  };
}

/** The protocols that can be spoken here; the reason for which one can't was printed. */
export async function protocols(): Promise<readonly ('native' | 'ws')[]> {
  const { missing } = await provideNativeClient();
  return missing === undefined ? ['native', 'ws'] : ['ws'];
}
