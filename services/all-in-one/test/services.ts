import { type ChildProcess, spawn } from 'node:child_process';
import { type Product, startProcess } from './product.ts';

const CLI = 'services/cli/src/main.ts';

/** `npm run api` and `npm run worker` with this environment, without the package manager around them. */
export const startApi = (env: Record<string, string>, flags: readonly string[] = []): Promise<Product> =>
  startProcess('services/api/src/main.ts', env, /API listens on (http:[^"]+)/, flags);

export const startWorker = (env: Record<string, string>, flags: readonly string[] = []): Promise<Product> =>
  startProcess('services/worker/src/main.ts', env, /worker (\S+) takes jobs/, flags);

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** `genfleet` with these words, without the package manager around it. */
export function genfleet(
  env: Record<string, string>,
  words: readonly string[],
  meanwhile: (child: ChildProcess) => void = () => undefined,
): Promise<Ended> {
  const { PATH = '', HOME = '' } = process.env;
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', CLI, ...words], {
    cwd: new URL('../../..', import.meta.url).pathname,
    env: { PATH, HOME, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const written = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].on('data', (text: Buffer) => {
      written[name] += text.toString();
    });
  }
  meanwhile(child);
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, ...written })));
}

/** `genfleet setup`; resolves with its exit code and all it wrote. */
export async function setUp(env: Record<string, string>): Promise<{ code: number | null; output: string }> {
  const { code, stdout, stderr } = await genfleet(env, ['setup']);
  return { code, output: stdout + stderr };
}

/** Keeps what a test starts, so that all of it can be ended whatever became of the test. */
export function processes() {
  const running: Product[] = [];
  return {
    started: async (starting: Promise<Product>): Promise<Product> => {
      const product = await starting;
      running.push(product);
      return product;
    },
    killAll: async () => {
      await Promise.all(running.splice(0).map((product) => product.end('SIGKILL')));
    },
  };
}
