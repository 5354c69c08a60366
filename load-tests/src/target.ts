import { randomUUID } from 'node:crypto';
import { busEnv, protocols } from '../../services/all-in-one/test/broker.ts';
import { dataFolder, startProduct } from '../../services/all-in-one/test/product.ts';
import { setUp } from '../../services/all-in-one/test/services.ts';
import { bucketEnv } from '../../services/all-in-one/test/store.ts';
import { provide } from '../../tools/provision/components.ts';

/** What the load is put on. */
export interface Target {
  readonly url: string;
  /** In words. */
  readonly what: string;
  /** Of a product that was started for this run. */
  readonly own?: {
    readonly pid: number | undefined;
    /** With which `genfleet` finds its state. */
    readonly env: Readonly<Record<string, string>>;
    /** What it said last, once it is gone. */
    lastWords(): string | undefined;
  };
  /** Ends what was started and takes its state away. */
  end(): Promise<void>;
}

const ANSWER_MS = 10_000;

/** Whatever runs at this address. @throws Error when nothing does. */
export async function targetAt(address: string): Promise<Target> {
  const url = address.replace(/\/+$/, '');
  const isAddress = URL.canParse(url) && /^https?:$/.test(new URL(url).protocol);
  if (!isAddress) throw new Error(`BASE_URL is an address like http://127.0.0.1:8000, and not ${address}`);
  const response = await fetch(`${url}/health/`, { signal: AbortSignal.timeout(ANSWER_MS) }).catch(
    (error: Error) => {
      const cause = error.cause instanceof Error ? error.cause : error;
      throw new Error(`nothing answers at ${url}: ${cause.message || cause.name}`);
    },
  );
  if (!response.ok) throw new Error(`${url}/health/ answers ${response.status}`);
  return { url, what: 'which BASE_URL names', end: async () => undefined };
}

/** Starts the product on a free port with state of its own. @throws Error when it does not start. */
export async function startTarget(env: Readonly<Record<string, string>>, onFleet: boolean): Promise<Target> {
  const folder = dataFolder();
  try {
    const services = onFleet ? await fleetServices() : {};
    const all = { ...env, ...services, LOG_LEVEL: 'warn', DATA_DIR: folder.path };
    const product = await startProduct(folder.path, all);
    return {
      url: product.url,
      what: `started for this run${onFleet ? ', on Pulsar and S3' : ''}`,
      own: {
        pid: product.process.pid,
        env: all,
        lastWords: () => {
          const { exitCode, signalCode } = product.process;
          return exitCode === null && signalCode === null ? undefined : product.output();
        },
      },
      end: async () => {
        await product.end('SIGINT');
        folder.remove();
      },
    };
  } catch (error) {
    folder.remove();
    throw error;
  }
}

/** A namespace and a bucket of this run's own on the Pulsar and the S3 that tests share. */
async function fleetServices(): Promise<Record<string, string>> {
  const [pulsar, s3, [protocol = 'ws']] = await Promise.all([provide('pulsar'), provide('s3'), protocols()]);
  if ('missing' in pulsar) throw new Error(`there is no Pulsar: ${pulsar.missing}`);
  if ('missing' in s3) throw new Error(`there is no S3: ${s3.missing}`);
  const env = {
    ...busEnv(pulsar, protocol, `load/run-${randomUUID().slice(0, 8)}`),
    ...(await bucketEnv(s3)),
  };
  const { code, output } = await setUp(env);
  if (code !== 0) throw new Error(`genfleet setup ended with ${code}: ${output}`);
  return env;
}
