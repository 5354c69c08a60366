import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Missing, PulsarAddress } from './addresses.ts';
import { freePorts } from './free-port.ts';
import { unwanted, watchOwn, whatIsMissing } from './own-instance.ts';
import { run, runScript } from './script.ts';

export type PulsarPart = 'zookeeper' | 'bookie-1' | 'bookie-2' | 'bookie-3' | 'broker';

/** A Pulsar of one test's own whose parts are processes that die alone. No parts given means all of them. */
export interface OwnPulsarCluster extends PulsarAddress {
  readonly metadataUrl: string;
  /** kill -9; resolves once they are gone. */
  kill(...parts: readonly PulsarPart[]): Promise<void>;
  /** Asks them to end, the broker first, and waits until they did. */
  stop(...parts: readonly PulsarPart[]): Promise<void>;
  /** Starts them on what they had stored; resolves once they answer. */
  start(...parts: readonly PulsarPart[]): Promise<void>;
  /** Ends all and takes their data away. */
  destroy(): Promise<void>;
}

/**
 * Starts ZooKeeper, three bookies that fsync, and a broker, without tokens. Whoever comes to the broker by its far port is sent
 * on to the address that `wayTo` gives for it: a proxy stays on the way. `GENFLEET_WITHOUT=pulsar` goes without.
 * @returns `{ missing }` with the reason, which was printed. @throws Error instead when `CI=true`.
 */
export async function startOwnPulsarCluster(
  wayTo: (farHost: string) => Promise<string>,
): Promise<OwnPulsarCluster | Missing> {
  const without = unwanted('pulsar');
  if (without) return without;
  const directory = mkdtempSync(join(tmpdir(), 'genfleet-pulsar-cluster-'));
  watchOwn('pulsar-cluster', directory);
  const [broker, web, zookeeper, far, ...bookies] = await freePorts(7);
  const env = {
    DIR: directory,
    ...{ BROKER_PORT: String(broker), WEB_PORT: String(web), ZK_PORT: String(zookeeper) },
    ...{ BOOKIE_PORTS: bookies.join(' '), FAR_PORT: String(far) },
    FAR_ADVERTISED: await wayTo(`127.0.0.1:${far}`),
  };
  const tell =
    (verb: string) =>
    async (...parts: readonly PulsarPart[]) =>
      void (await runScript('pulsar-cluster', [verb, ...parts], env));
  const [start, stop, kill] = [tell('start'), tell('stop'), tell('kill')];
  const missing = await start().catch((thrown: unknown) => whatIsMissing('Pulsar', thrown));
  if (missing) return missing;
  return {
    url: `pulsar://127.0.0.1:${broker}`,
    wsUrl: `pulsar+ws://127.0.0.1:${web}`,
    adminUrl: `http://127.0.0.1:${web}`,
    metadataUrl: `zk:127.0.0.1:${zookeeper}`,
    ...{ start, stop, kill },
    async destroy() {
      await kill();
      await run('rm', ['-rf', directory]);
    },
  };
}
