import { randomUUID } from 'node:crypto';
import { GitlabStandIn } from '../../../packages/auth-gitlab/test/gitlab-stand-in.ts';
import { bucketEnv } from '../../../services/all-in-one/test/store.ts';
import { provide, provideNativeClient, startOwnPulsar } from '../../../tools/provision/components.ts';
import type { Network, Way } from './network.ts';

/**
 * What a fleet stands on: one file of state; the same on a file system of a few megabytes; Pulsar with all that belongs
 * to it.
 */
export const STAGES = ['embedded', 'small-disk', 'pulsar'] as const;
export type StageName = (typeof STAGES)[number];
type Env = Record<string, string>;
type Broker = Exclude<Awaited<ReturnType<typeof startOwnPulsar>>, { missing: string }>;

/** What the processes of a fleet work with, and the ways there. */
export interface Backing {
  /** For the process of this name; who does not speak natively has a way of its own to the broker. */
  envOf(name: string, speaks: 'native' | 'ws'): Promise<Env>;
  /** For whoever looks on from outside: straight to everything. */
  readonly directEnv: Env;
  /** What the API needs beside. */
  readonly apiEnv: Env;
  /** Sent by clients. */
  readonly headers: Readonly<Record<string, string>>;
  readonly broker?: Broker;
  /** To the broker, by the name of the process. */
  readonly toBroker: ReadonlyMap<string, Way>;
  readonly toStore?: Way;
  readonly toRedis?: Way;
  readonly toGitlab?: Way;
  close(): Promise<void>;
}

/** One file of state for all, in a folder. */
export async function embeddedBacking(folder: string): Promise<Backing> {
  const env = { BUS_URL: `sqlite:${folder}/fleet.db`, ARTIFACTS_URL: `file:${folder}/artifacts` };
  return {
    envOf: async () => env,
    directEnv: { ...env, DATA_DIR: folder },
    apiEnv: {},
    headers: {},
    toBroker: new Map(),
    close: async () => undefined,
  };
}

/**
 * A Pulsar, of its own if it is to be killed, S3, Redis, and a GitLab that is asked who may call.
 * @throws Error when one can't be had.
 */
export async function realBacking(network: Network, folder: string, isOwn: boolean): Promise<Backing> {
  const [s3, redis] = [there(await provide('s3')), there(await provide('redis'))];
  const own = isOwn ? there(await startOwnPulsar({ tokens: false })) : undefined;
  const broker = own ?? there(await provide('pulsar'));
  const { missing } = await provideNativeClient();
  const namespace = `chaos-${randomUUID().slice(0, 8)}/images`;
  const ws = (host: string) => ({
    BUS_URL: `pulsar+ws://${host}/${namespace}`,
    PULSAR_ADMIN_URL: `http://${host}`,
  });
  const native = { BUS_URL: `${broker.url}/${namespace}`, PULSAR_ADMIN_URL: broker.adminUrl };
  const webHost = new URL(broker.adminUrl).host;
  const gitlab = await GitlabStandIn.start();
  const token = `glpat-${randomUUID()}`;
  gitlab.addUser(token, true);
  const toStore = await network.wayTo(new URL(s3.endpoint).host);
  const toRedis = await network.wayTo(new URL(redis.url).host);
  const toGitlab = await network.wayTo(new URL(gitlab.apiUrl).host);
  const store = { ...(await bucketEnv(s3)), S3_PUBLIC_ENDPOINT: s3.endpoint };
  const toBroker = new Map<string, Way>();
  return {
    envOf: async (name, speaks) => {
      const far = { ...store, S3_ENDPOINT: `http://${toStore.host}` };
      if (missing === undefined && speaks === 'native') return { ...native, ...far };
      const way = toBroker.get(name) ?? (await network.wayTo(webHost));
      toBroker.set(name, way);
      return { ...ws(way.host), ...far };
    },
    directEnv: { ...ws(webHost), ...store, S3_ENDPOINT: s3.endpoint, DATA_DIR: folder },
    apiEnv: {
      GITLAB_API_URL: `http://${toGitlab.host}/api/v4/`,
      REDIS_URL: `redis://${toRedis.host}`,
      USE_LOCAL_CACHE: 'false',
      RATE_LIMIT_PER_MINUTE: '1000000',
    },
    headers: { authorization: `Bearer ${token}` },
    ...(own ? { broker: own } : {}),
    toBroker,
    toStore,
    toRedis,
    toGitlab,
    close: async () => {
      await gitlab.stop();
      await own?.destroy();
    },
  };
}

function there<T extends object>(component: T | { readonly missing: string }): T {
  if ('missing' in component) throw new Error(`chaos on Pulsar needs ${component.missing}`);
  return component;
}
