import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Addresses, addressFrom, type ComponentName } from './addresses.ts';
import { freePorts } from './free-port.ts';
import { MissingError, runScript } from './script.ts';
import { sharedInstance } from './shared-instance.ts';
import { trinoEnvironment } from './trino-environment.ts';

/** A component that runs, and how to end it. */
export interface Started<N extends ComponentName = ComponentName> {
  readonly address: Addresses[N];
  /** Command and arguments that stop it and take its data away. */
  readonly stop: readonly string[];
}

type Recipe<N extends ComponentName> = (directory: string) => Promise<Started<N>>;

const script = (name: string) => join(import.meta.dirname, `${name}.sh`);
const stopper = (name: string, directory: string) => [
  'bash',
  '-c',
  `DIR="$1" bash "$2" stop; rm -rf "$1"`,
  'stop',
  directory,
  script(name),
];

async function ports<const K extends string>(...names: K[]): Promise<Record<K, string>> {
  const free = await freePorts(names.length);
  return Object.fromEntries(names.map((name, index) => [name, String(free[index])])) as Record<K, string>;
}

/** The models that we ship, and those of tests. */
export const TRITON_REPOSITORIES = ['services/model-triton/models', 'packages/engine-triton/test/models']
  .map((folder) => join(import.meta.dirname, '../..', folder))
  .join(':');

/** What the scripts of both Trinos have to know of the S3 that has the archive. */
const s3Environment = ({ endpoint, region, accessKeyId, secretAccessKey }: Addresses['s3']) => ({
  ...{ S3_ENDPOINT: endpoint, S3_REGION: region },
  ...{ S3_ACCESS_KEY: accessKeyId, S3_SECRET_KEY: secretAccessKey },
});

/** What the Trino in this directory reads lasts as long as it does. */
async function keepAsLongAs(directory: string, names: readonly ComponentName[]): Promise<void> {
  const pid = Number(readFileSync(join(directory, 'trino.pid'), 'utf8'));
  for (const name of names) if (!addressFrom(process.env, name)) await sharedInstance(name, pid);
}

/** How each component is started on free ports in a directory of its own, by its script. */
export const RECIPES: { [N in ComponentName]: Recipe<N> } = {
  async pulsar(directory) {
    const chosen = await ports('BROKER_PORT', 'WEB_PORT', 'BOOKIE_PORT', 'ZK_PORT');
    await runScript('pulsar', ['start'], { DIR: directory, ...chosen });
    return {
      address: {
        url: `pulsar://127.0.0.1:${chosen.BROKER_PORT}`,
        wsUrl: `pulsar+ws://127.0.0.1:${chosen.WEB_PORT}`,
        adminUrl: `http://127.0.0.1:${chosen.WEB_PORT}`,
        metadataUrl: `zk:127.0.0.1:${chosen.ZK_PORT}`,
      },
      stop: stopper('pulsar', directory),
    };
  },
  async s3(directory) {
    const { PORT } = await ports('PORT');
    const keys = { ACCESS_KEY: 'genfleet', SECRET_KEY: 'genfleet-secret', REGION: 'us-east-1' };
    await runScript('s3', ['start'], { DIR: directory, PORT, ...keys });
    return {
      address: {
        endpoint: `http://127.0.0.1:${PORT}`,
        accessKeyId: keys.ACCESS_KEY,
        secretAccessKey: keys.SECRET_KEY,
        region: keys.REGION,
      },
      stop: stopper('s3', directory),
    };
  },
  async otelcol(directory) {
    const chosen = await ports('HTTP_PORT', 'GRPC_PORT');
    await runScript('otelcol', ['start'], { DIR: directory, ...chosen });
    return {
      address: { httpUrl: `http://127.0.0.1:${chosen.HTTP_PORT}`, logFile: join(directory, 'otelcol.log') },
      stop: stopper('otelcol', directory),
    };
  },
  async toxiproxy(directory) {
    const { PORT } = await ports('PORT');
    await runScript('toxiproxy', ['start'], { DIR: directory, PORT });
    return { address: { apiUrl: `http://127.0.0.1:${PORT}` }, stop: stopper('toxiproxy', directory) };
  },
  async redis(directory) {
    const { PORT } = await ports('PORT');
    await runScript('redis', ['start'], { DIR: directory, PORT });
    return { address: { url: `redis://127.0.0.1:${PORT}` }, stop: stopper('redis', directory) };
  },
  async llama(directory) {
    const { PORT } = await ports('PORT');
    await runScript('llama', ['start'], { DIR: directory, PORT });
    return { address: { url: `http://127.0.0.1:${PORT}/v1` }, stop: stopper('llama', directory) };
  },
  async triton(directory) {
    const chosen = await ports('GRPC_PORT', 'HTTP_PORT', 'METRICS_PORT');
    await runScript('triton', ['start'], { DIR: directory, REPOSITORIES: TRITON_REPOSITORIES, ...chosen });
    return {
      address: { url: `triton://127.0.0.1:${chosen.GRPC_PORT}` },
      stop: stopper('triton', directory),
    };
  },
  /** Beside the Pulsar and the S3 that everybody shares, which stay as long as this Trino does. */
  async trino(directory) {
    const pulsar = addressFrom(process.env, 'pulsar') ?? (await sharedInstance('pulsar', process.pid));
    if ('missing' in pulsar) throw new MissingError(pulsar.missing);
    const chosen = await ports('PORT', 'HTTPS_PORT');
    const password = 'genfleet-ledger';
    // without an S3 it reads topics all the same
    const s3 = addressFrom(process.env, 's3') ?? (await sharedInstance('s3', process.pid));
    const reads = { ...trinoEnvironment(pulsar), ...('missing' in s3 ? {} : s3Environment(s3)) };
    await runScript('trino', ['start'], { DIR: directory, ...chosen, ...reads, LEDGER_PASSWORD: password });
    await keepAsLongAs(directory, ['pulsar', 's3']);
    const ca = encodeURIComponent(join(directory, 'etc/ca.pem'));
    return {
      address: {
        url: `trino://genfleet@127.0.0.1:${chosen.PORT}`,
        ...('missing' in s3 ? {} : { archiveCatalog: 'archive' }),
        tls: { url: `trino://genfleet@127.0.0.1:${chosen.HTTPS_PORT}?ssl=true&ca=${ca}`, password },
      },
      stop: stopper('trino', directory),
    };
  },
  async 'trino-476'(directory) {
    const s3 = addressFrom(process.env, 's3') ?? (await sharedInstance('s3', process.pid));
    if ('missing' in s3) throw new MissingError(s3.missing);
    const { PORT } = await ports('PORT');
    await runScript('trino-476', ['start'], { DIR: directory, PORT, ...s3Environment(s3) });
    await keepAsLongAs(directory, ['s3']);
    return {
      address: { url: `trino://genfleet@127.0.0.1:${PORT}` },
      stop: stopper('trino-476', directory),
    };
  },
};
