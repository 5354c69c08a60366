import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const ROOT = new URL('../../..', import.meta.url).pathname;
const START_MS = 180_000;
const OUTPUT_CHARS = 50_000;

export interface Product {
  /** What its ready line says: the address of an API, the name of a worker. */
  readonly url: string;
  readonly process: ChildProcess;
  /** The last that it wrote, to either stream. */
  output(): string;
  /** Sends the signal and waits for the end; resolves with the exit code, null after a kill. */
  end(signal: NodeJS.Signals): Promise<number | null>;
}

/** A folder for one test's state, removed by `remove`. */
export function dataFolder(): { path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'genfleet-e2e-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/**
 * Starts one of the product's own entry points as a user's shell would, on a free port, and waits until it says
 * `said`, whose first group is returned as the URL.
 */
export async function startProcess(
  entry: string,
  env: Record<string, string>,
  said: RegExp,
  flags: readonly string[] = [],
): Promise<Product> {
  // as the scripts of package.json start it
  const own = [
    '--disable-warning=ExperimentalWarning',
    '--max-semi-space-size=8',
    '--heap-growing-percent=60',
  ];
  const child = spawn(process.execPath, [...own, ...flags, entry], {
    cwd: ROOT,
    env: {
      PATH: process.env['PATH'] ?? '',
      HOME: process.env['HOME'] ?? '',
      PORT: '0',
      WORKER_PORT: '0',
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let output = '';
  const listen = (text: Buffer) => {
    output = (output + text.toString()).slice(-OUTPUT_CHARS);
    const match = said.exec(output);
    if (match) resolve(match[1] ?? '');
  };
  child.stdout.on('data', listen);
  child.stderr.on('data', listen);
  const late = setTimeout(() => reject(new Error(`${entry} did not start in time:\n${output}`)), START_MS);
  const exited = new Promise<number | null>((done) => child.once('exit', done));
  void exited.then((code) => reject(new Error(`${entry} ended with ${code}:\n${output}`)));
  try {
    const url = await promise;
    return {
      url,
      process: child,
      output: () => output,
      end: async (signal) => {
        child.kill(signal);
        return exited;
      },
    };
  } finally {
    clearTimeout(late);
  }
}

/** `npm start`, without the package manager around it. */
export function startProduct(dataDir: string, env: Record<string, string> = {}): Promise<Product> {
  return startProcess(
    'services/all-in-one/src/main.ts',
    { DATA_DIR: dataDir, ...env },
    /is ready: (http\S+)/,
  );
}
