import { randomUUID } from 'node:crypto';
import { addressFrom, type Missing, type PulsarAddress } from './addresses.ts';
import { startOwnPulsar } from './own-pulsar.ts';
import { MissingError, runScript } from './script.ts';

/** A Pulsar for a whole contract suite: kill it, give it wrong tokens. */
export interface PulsarUnderTest extends PulsarAddress {
  /** Tenant and namespace of this run, `tenant/namespace`. Nobody created them. */
  readonly namespace: string;
  readonly wrongToken?: string;
  /** kill -9 and start. Absent on a broker that the environment named: it is not ours to kill. */
  restart?(): Promise<void>;
  destroy(): Promise<void>;
}

/** The one that `PULSAR_URL` names, else one of its own with token authentication and fsync. */
export async function pulsarUnderTest(): Promise<PulsarUnderTest | Missing> {
  const namespace = `contract/run-${randomUUID().slice(0, 8)}`;
  const given = addressFrom(process.env, 'pulsar');
  if (given) return { ...given, namespace, destroy: async () => undefined };
  const own = await startOwnPulsar({ tokens: true });
  if ('missing' in own) return own;
  const restart = async () => {
    await own.kill();
    await own.start();
  };
  return { ...own, namespace, restart, destroy: own.destroy };
}

/**
 * Builds the native `pulsar-client`, once, and puts it where the workspace looks for it.
 * @returns `{ missing }` with the reason. @throws Error instead when `CI=true`.
 */
export async function provideNativeClient(): Promise<Missing | { readonly missing?: never }> {
  try {
    await runScript('pulsar-client', ['install']);
    return {};
  } catch (thrown) {
    if (!(thrown instanceof MissingError) || process.env['CI'] === 'true') throw thrown;
    process.stderr.write(`without the native pulsar-client: ${thrown.message}\n`);
    return { missing: thrown.message };
  }
}
