import { randomBytes, randomUUID } from 'node:crypto';
import { GitlabStandIn } from '../../../packages/auth-gitlab/test/gitlab-stand-in.ts';
import { bucketEnv } from '../../../services/all-in-one/test/store.ts';
import {
  type OwnPulsarCluster,
  type OwnTrino,
  provide,
  provideNativeClient,
  startOwnPulsarCluster,
  startOwnTrino,
} from '../../../tools/provision/components.ts';
import type { Network, Way } from './network.ts';

/**
 * What a fleet stands on: one file of state; the same on a file system of a few megabytes; Pulsar with all that belongs
 * to it.
 */
export const STAGES = ['embedded', 'small-disk', 'pulsar'] as const;
export type StageName = (typeof STAGES)[number];
/** `own pulsar`: nobody else uses it, its parts are processes of their own, and it is behind a proxy for all. */
export type Need = 'own pulsar' | 'trino';
type Env = Record<string, string>;
/** What the processes of a fleet work with, and the ways there. */
export interface Backing {
  /** For the process of this name; who does not speak natively has a way of its own to Pulsar. */
  envOf(name: string, speaks: 'native' | 'ws'): Promise<Env>;
  /** For whoever looks on from outside: straight to everything. */
  readonly directEnv: Env;
  /** What the API needs beside. */
  readonly apiEnv: Env;
  /** Sent by clients. */
  readonly headers: Readonly<Record<string, string>>;
  readonly pulsar?: OwnPulsarCluster;
  readonly trino?: OwnTrino;
  /** To the broker's WebSocket service and administration, by the name of the process. */
  readonly toBroker: ReadonlyMap<string, Way>;
  /** To the broker, for all processes that speak natively: its protocol, and its administration. */
  readonly toNative: readonly Way[];
  readonly toTrino?: Way;
  readonly toStore?: Way;
  readonly toRedis?: Way;
  readonly toGitlab?: Way;
  close(): Promise<void>;
}

/** One file of state for all, in a folder. */
export async function embeddedBacking(folder: string): Promise<Backing> {
  const urls = { BUS_URL: `sqlite:${folder}/fleet.db`, ARTIFACTS_URL: `file:${folder}/artifacts` };
  const env = { ...urls, ...webhookEnv() };
  return {
    envOf: async () => env,
    directEnv: { ...env, DATA_DIR: folder },
    apiEnv: {},
    headers: {},
    toBroker: new Map(),
    toNative: [],
    close: async () => undefined,
  };
}

/**
 * A Pulsar, of its own if it is to be harmed, S3, Redis, a GitLab that is asked who may call, and a Trino if it is needed.
 * @throws Error when one can't be had.
 */
export async function realBacking(
  network: Network,
  folder: string,
  needs: ReadonlySet<Need>,
): Promise<Backing> {
  const [s3, redis] = [there(await provide('s3')), there(await provide('redis'))];
  const pulsar = await pulsarFor(network, needs.has('own pulsar'));
  const { own } = pulsar;
  const trino = needs.has('trino') ? there(await startOwnTrino(pulsar.address)) : undefined;
  const namespace = `chaos-${randomUUID().slice(0, 8)}/images`;
  const ws = (host: string) => ({
    BUS_URL: `pulsar+ws://${host}/${namespace}`,
    PULSAR_ADMIN_URL: `http://${host}`,
  });
  const native = { BUS_URL: `${pulsar.nativeUrl}/${namespace}`, PULSAR_ADMIN_URL: pulsar.nativeAdminUrl };
  const webHost = new URL(pulsar.address.adminUrl).host;
  const gitlab = await GitlabStandIn.start();
  const token = `glpat-${randomUUID()}`;
  gitlab.addUser(token, true);
  const toStore = await network.wayTo(new URL(s3.endpoint).host);
  const toRedis = await network.wayTo(new URL(redis.url).host);
  const toGitlab = await network.wayTo(new URL(gitlab.apiUrl).host);
  const toTrino = trino && (await network.wayTo(new URL(trino.url).host));
  const store = { ...(await bucketEnv(s3)), S3_PUBLIC_ENDPOINT: s3.endpoint, ...webhookEnv() };
  const toBroker = new Map<string, Way>();
  return {
    envOf: async (name, speaks) => {
      const far = { ...store, S3_ENDPOINT: `http://${toStore.host}` };
      if (pulsar.hasNative && speaks === 'native') return { ...native, ...far };
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
      OPERATORS: '*',
      ...(trino && toTrino ? ledgerEnv(trino, toTrino) : {}),
    },
    headers: { authorization: `Bearer ${token}` },
    ...(own ? { pulsar: own } : {}),
    ...(trino && toTrino ? { trino, toTrino } : {}),
    toBroker,
    toNative: pulsar.toNative,
    toStore,
    toRedis,
    toGitlab,
    close: async () => {
      await Promise.allSettled([gitlab.stop(), trino?.destroy()]);
      await own?.destroy();
    },
  };
}

/** The native client goes where the broker sends it: only one of our own sends it through a proxy. */
async function pulsarFor(network: Network, isOwn: boolean) {
  const { missing } = await provideNativeClient();
  const hasNative = missing === undefined;
  if (!isOwn) {
    const address = there(await provide('pulsar'));
    const [nativeUrl, nativeAdminUrl] = [address.url, address.adminUrl];
    return { address, hasNative, nativeUrl, nativeAdminUrl, toNative: [], own: undefined };
  }
  const toNative: Way[] = [];
  const lead = async (upstream: string) => {
    const way = await network.wayTo(upstream);
    toNative.push(way);
    return way.host;
  };
  let nativeHost = '';
  const own = there(
    await startOwnPulsarCluster(async (farHost) => {
      nativeHost = await lead(farHost);
      return nativeHost;
    }),
  );
  const nativeAdminUrl = `http://${await lead(new URL(own.adminUrl).host)}`;
  return { address: own, hasNative, nativeUrl: `pulsar://${nativeHost}`, nativeAdminUrl, toNative, own };
}

/** Also for `genfleet setup`, which makes the subscriptions. */
function webhookEnv(): Env {
  const secret = randomBytes(24).toString('base64');
  return { WEBHOOK_SECRET: `whsec_${secret}`, WEBHOOK_ALLOW_PRIVATE: 'true' };
}

function ledgerEnv(trino: OwnTrino, way: Way): Env {
  const url = new URL(trino.url);
  url.host = way.host;
  return { LEDGER_URL: url.href, LEDGER_PASSWORD: trino.password };
}

function there<T extends object>(component: T | { readonly missing: string }): T {
  if ('missing' in component) throw new Error(`chaos on Pulsar needs ${component.missing}`);
  return component;
}
