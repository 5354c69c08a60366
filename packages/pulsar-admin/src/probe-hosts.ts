import { connect } from 'node:net';
import { GenfleetError } from '@genfleet/job';

function tryConnect(host: string, timeoutMs: number): Promise<void> {
  const colon = host.lastIndexOf(':');
  const to = { host: host.slice(0, colon).replace(/^\[|\]$/g, ''), port: Number(host.slice(colon + 1)) };
  return new Promise((resolve, reject) => {
    const socket = connect(to);
    socket.setTimeout(timeoutMs, () => socket.destroy(new Error(`no answer within ${timeoutMs} ms`)));
    socket.once('connect', () => {
      socket.destroy();
      resolve();
    });
    socket.once('error', reject);
  });
}

/**
 * Whether one of `host:port,host:port` takes TCP connections.
 * @throws GenfleetError `bus_unavailable` within `timeoutMs`.
 */
export async function probeHosts(hosts: string, timeoutMs: number): Promise<void> {
  const attempts = hosts.split(',').map((host) => tryConnect(host, timeoutMs));
  await Promise.any(attempts).catch((cause: unknown) => {
    throw new GenfleetError('bus_unavailable', `no Pulsar answers at ${hosts}`, { cause });
  });
}
