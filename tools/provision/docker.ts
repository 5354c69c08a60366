import { setTimeout as sleep } from 'node:timers/promises';
import type { ComponentName } from './addresses.ts';
import { freePorts } from './free-port.ts';
import type { Started } from './recipes.ts';
import { run } from './script.ts';

const READY_MS = 180_000;

/** Whether a container engine answers. */
export async function hasDocker(): Promise<boolean> {
  return (await run('docker', ['info', '--format', '{{.ServerVersion}}'])).code === 0;
}

async function launch(args: readonly string[], readyUrl: string): Promise<readonly string[]> {
  const started = await run('docker', ['run', '--rm', '--detach', ...args]);
  if (started.code !== 0) throw new Error(`docker run failed: ${started.errors}`);
  const stop = ['docker', 'rm', '--force', started.output.trim()];
  const deadline = Date.now() + READY_MS;
  for (;;) {
    const answer = await fetch(readyUrl, { signal: AbortSignal.timeout(5_000) }).catch(() => undefined);
    // a store that asks for a signature is ready as well
    if (answer && answer.status < 500 && answer.status !== 404) return stop;
    if (Date.now() > deadline) {
      await run('docker', stop.slice(1));
      throw new Error(`a container did not answer at ${readyUrl} within ${READY_MS} ms`);
    }
    await sleep(500);
  }
}

const portArgs = (port: number) => ['--publish', `127.0.0.1:${port}:${port}`];

/** For machines without the toolchains. Not every component has an image worth naming here. */
export const CONTAINERS: { [N in ComponentName]?: () => Promise<Started<N>> } = {
  async pulsar() {
    const [broker = 0, web = 0] = await freePorts(2);
    // The broker tells clients its own port, so it has to be the same inside and outside.
    const command = `sed -i 's/^webSocketServiceEnabled=.*/webSocketServiceEnabled=true/; s/^journalSyncData=.*/journalSyncData=true/; s/^brokerServicePort=.*/brokerServicePort=${broker}/; s/^webServicePort=.*/webServicePort=${web}/' conf/standalone.conf && exec bin/pulsar standalone -nfw -nss --advertised-address 127.0.0.1`;
    const image = ['apachepulsar/pulsar:4.0.8', 'bash', '-c', command];
    const heap = ['--env', 'PULSAR_MEM=-Xms512m -Xmx512m -XX:MaxDirectMemorySize=512m'];
    const stop = await launch(
      [...portArgs(broker), ...portArgs(web), ...heap, ...image],
      `http://127.0.0.1:${web}/admin/v2/persistent/public/default`,
    );
    return {
      address: {
        url: `pulsar://127.0.0.1:${broker}`,
        wsUrl: `pulsar+ws://127.0.0.1:${web}`,
        adminUrl: `http://127.0.0.1:${web}`,
      },
      stop,
    };
  },
  async s3() {
    const [port = 0] = await freePorts(1);
    const address = {
      endpoint: `http://127.0.0.1:${port}`,
      accessKeyId: 'genfleet',
      secretAccessKey: 'genfleet-secret',
      region: 'us-east-1',
    };
    const keys = [
      '--env',
      `ROOT_ACCESS_KEY=${address.accessKeyId}`,
      '--env',
      `ROOT_SECRET_KEY=${address.secretAccessKey}`,
    ];
    const command = ['versity/versitygw:v1.8.0', '--port', `:${port}`, 'posix', '--nometa', '/tmp'];
    return { address, stop: await launch([...portArgs(port), ...keys, ...command], address.endpoint) };
  },
};
