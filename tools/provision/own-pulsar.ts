import { mkdirSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Missing, PulsarAddress } from './addresses.ts';
import { freePorts } from './free-port.ts';
import { unwanted, watchOwn, whatIsMissing } from './own-instance.ts';
import { run, runScript } from './script.ts';

/** A broker of one test's own, that it may kill. Its ports stay the same for as long as it exists. */
export interface OwnPulsar extends PulsarAddress {
  /** A token that is well-formed and signed with another key. */
  readonly wrongToken: string;
  /** kill -9, at once. */
  kill(): Promise<void>;
  /** Asks it to end, and waits until it did. */
  stop(): Promise<void>;
  /** Starts it again on what it had stored; resolves once it answers. */
  start(): Promise<void>;
  /** Stops it and takes its data away. */
  destroy(): Promise<void>;
}

const WRONG_TOKEN = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhZG1pbiJ9.3sZ0b1yS0u5Jr7pZcXkqk4H3gJwq0u7v1b9Zl1yqk2M';

async function killed(directory: string): Promise<void> {
  const pid = Number(readFileSync(join(directory, 'pulsar.pid'), 'utf8'));
  process.kill(pid, 'SIGKILL');
  for (;;) {
    try {
      process.kill(pid, 0);
    } catch {
      return;
    }
    await sleep(20);
  }
}

/**
 * Starts one, with fsync on; with `tokens` every call needs a token.
 * `GENFLEET_WITHOUT=pulsar` goes without. @returns `{ missing }` with the reason, which was printed.
 * @throws Error instead when `CI=true`.
 */
export async function startOwnPulsar(options: { tokens: boolean }): Promise<OwnPulsar | Missing> {
  const without = unwanted('pulsar');
  if (without) return without;
  const directory = mkdtempSync(join(tmpdir(), 'genfleet-pulsar-'));
  mkdirSync(directory, { recursive: true });
  watchOwn('pulsar', directory);
  const [broker, web, bookie, zookeeper] = await freePorts(4);
  const env = {
    DIR: directory,
    BROKER_PORT: String(broker),
    WEB_PORT: String(web),
    BOOKIE_PORT: String(bookie),
    ZK_PORT: String(zookeeper),
    AUTH: options.tokens ? 'token' : '',
  };
  const start = async () => void (await runScript('pulsar', ['start'], env));
  const missing = await start().catch((thrown: unknown) => whatIsMissing('Pulsar', thrown));
  if (missing) return missing;
  const stop = async () => void (await runScript('pulsar', ['stop'], env));
  return {
    url: `pulsar://127.0.0.1:${broker}`,
    wsUrl: `pulsar+ws://127.0.0.1:${web}`,
    adminUrl: `http://127.0.0.1:${web}`,
    metadataUrl: `zk:127.0.0.1:${zookeeper}`,
    ...(options.tokens ? { token: await runScript('pulsar', ['token'], env) } : {}),
    wrongToken: WRONG_TOKEN,
    kill: () => killed(directory),
    stop,
    start,
    async destroy() {
      await stop();
      await run('rm', ['-rf', directory]);
    },
  };
}
