import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Missing, PulsarAddress } from './addresses.ts';
import { freePorts } from './free-port.ts';
import { unwanted, watchOwn, whatIsMissing } from './own-instance.ts';
import { run, runScript } from './script.ts';
import { trinoEnvironment } from './trino-environment.ts';

/** A Trino of one test's own, that it may kill. Its ports stay the same for as long as it exists. */
export interface OwnTrino {
  /** `trino://genfleet@host:port?ssl=true&ca=…`; it answers nothing without the password. */
  readonly url: string;
  readonly password: string;
  /** Of HTTP, on which it refuses to be asked. */
  readonly insecureUrl: string;
  /** kill -9, at once. */
  kill(): Promise<void>;
  /** Starts it again; resolves once it answered a query. */
  start(): Promise<void>;
  /** Stops it and takes its folder away. */
  destroy(): Promise<void>;
}

const PASSWORD = 'a "test\\password"';

/**
 * Starts one that reads this Pulsar. `GENFLEET_WITHOUT=trino` goes without.
 * @returns `{ missing }` with the reason, which was printed. @throws Error instead when `CI=true`.
 */
export async function startOwnTrino(pulsar: PulsarAddress): Promise<OwnTrino | Missing> {
  const without = unwanted('trino');
  if (without) return without;
  const directory = mkdtempSync(join(tmpdir(), 'genfleet-trino-'));
  watchOwn('trino', directory);
  const [http, https] = await freePorts(2);
  const ports = { PORT: String(http), HTTPS_PORT: String(https) };
  const start = async () => {
    const env = { DIR: directory, ...ports, ...trinoEnvironment(pulsar), INSECURE: 'false' };
    await runScript('trino', ['start'], { ...env, LEDGER_PASSWORD: PASSWORD });
  };
  const missing = await start().catch((thrown: unknown) => whatIsMissing('Trino', thrown));
  if (missing) return missing;
  const ca = encodeURIComponent(join(directory, 'etc/ca.pem'));
  return {
    url: `trino://genfleet@127.0.0.1:${https}?ssl=true&ca=${ca}`,
    insecureUrl: `trino://genfleet@127.0.0.1:${http}`,
    password: PASSWORD,
    kill: async () => void (await runScript('trino', ['kill'], { DIR: directory })),
    start,
    async destroy() {
      await runScript('trino', ['stop'], { DIR: directory });
      await run('rm', ['-rf', directory]);
    },
  };
}
