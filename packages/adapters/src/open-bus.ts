import type { Bus } from '@genfleet/bus';
import type { Config } from '@genfleet/config';
import { GenfleetError } from '@genfleet/job';

/**
 * The bus that `BUS_URL` names; an adapter is loaded only when its URL is used.
 * @throws GenfleetError `bus_unavailable`, `bus_unauthorized`, `dependency_missing`, `invalid_configuration`.
 */
export async function openBus(config: Config): Promise<Bus> {
  const url = config.BUS_URL;
  const pulsar = {
    url,
    ...(config.PULSAR_TOKEN === undefined ? {} : { token: config.PULSAR_TOKEN }),
    ...(config.PULSAR_ADMIN_URL === undefined ? {} : { adminUrl: config.PULSAR_ADMIN_URL }),
  };
  switch (url.slice(0, url.indexOf(':'))) {
    case 'sqlite':
      return (await import('@genfleet/bus-sqlite')).openSqliteBus({ file: url.slice('sqlite:'.length) });
    case 'pulsar':
    case 'pulsar+ssl':
      return (await import('@genfleet/bus-pulsar')).openPulsarBus(pulsar);
    case 'pulsar+ws':
    case 'pulsar+wss':
      return (await import('@genfleet/bus-pulsar-ws')).openPulsarWsBus(pulsar);
    default:
      throw new GenfleetError('invalid_configuration', `BUS_URL names no known bus: ${url}`);
  }
}
