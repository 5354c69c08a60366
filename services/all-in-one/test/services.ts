import { spawn } from 'node:child_process';
import { type Product, startProcess } from './product.ts';

/** `npm run api` and `npm run worker` with this environment, without the package manager around them. */
export const startApi = (env: Record<string, string>, flags: readonly string[] = []): Promise<Product> =>
  startProcess('services/api/src/main.ts', env, /API listens on (http:[^"]+)/, flags);

export const startWorker = (env: Record<string, string>, flags: readonly string[] = []): Promise<Product> =>
  startProcess('services/worker/src/main.ts', env, /worker (\S+) takes jobs/, flags);

/** `genfleet setup`; resolves with its exit code and all it wrote. */
export function setUp(env: Record<string, string>): Promise<{ code: number | null; output: string }> {
  const { PATH = '', HOME = '' } = process.env;
  const args = ['--disable-warning=ExperimentalWarning', 'services/cli/src/main.ts', 'setup'];
  const child = spawn(process.execPath, args, {
    cwd: new URL('../../..', import.meta.url).pathname,
    env: { PATH, HOME, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (text: Buffer) => {
      output += text.toString();
    });
  }
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, output })));
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
