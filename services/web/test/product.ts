import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts } from '../../../tools/provision/free-port.ts';

const ROOT = new URL('../../..', import.meta.url).pathname;
const START_MS = 90_000;

/** What `npm start` runs, on a free port and in a folder of its own, both kept over restarts. */
export class Product {
  readonly url: string;
  readonly #port: number;
  readonly #env: Readonly<Record<string, string>>;
  readonly #folder = mkdtempSync(join(tmpdir(), 'genfleet-page-'));
  #process: ChildProcess | undefined;
  /** Whether the test itself ended it. */
  #isWanted = false;

  private constructor(port: number, env: Readonly<Record<string, string>>) {
    this.#port = port;
    this.#env = env;
    this.url = `http://127.0.0.1:${port}`;
  }

  static async start(env: Readonly<Record<string, string>> = {}): Promise<Product> {
    const [port = 0] = await freePorts(1);
    const product = new Product(port, env);
    await product.start();
    return product;
  }

  /** Resolves once it answers. */
  async start(): Promise<void> {
    const child = spawn(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', 'services/all-in-one/src/main.ts'],
      {
        cwd: ROOT,
        env: {
          PATH: process.env['PATH'] ?? '',
          HOME: process.env['HOME'] ?? '',
          PORT: String(this.#port),
          WORKER_PORT: '0',
          DATA_DIR: this.#folder,
          ...this.#env,
        },
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    this.#process = child;
    this.#isWanted = false;
    let output = '';
    const ready = Promise.withResolvers<void>();
    const hear = (text: Buffer) => {
      output = (output + text.toString()).slice(-20_000);
      if (output.includes(this.url)) ready.resolve();
    };
    child.stdout.on('data', hear);
    child.stderr.on('data', hear);
    const fail = (how: string) => ready.reject(new Error(`the product ${how}:\n${output}`));
    const late = setTimeout(fail, START_MS, 'did not start in time');
    child.once('exit', (code, signal) => {
      fail(`ended with ${signal ?? code}`);
      // what a test sees is a refused connection; the reason stands here
      if (!this.#isWanted) process.stderr.write(`the product ended with ${signal ?? code}:\n${output}\n`);
    });
    await ready.promise.finally(() => clearTimeout(late));
  }

  /** Ends the process in which models run, as running out of memory would: its runs fail, and it is started again. */
  killEngine(): void {
    const [pid] = this.children('engine-process');
    if (pid === undefined) throw new Error('the product runs no engine');
    process.kill(pid, 'SIGKILL');
  }

  /** Ids of its own processes of that name. */
  children(name: string): number[] {
    const args = ['-P', String(this.#process?.pid), '-f', name];
    const { stdout } = spawnSync('pgrep', args, { encoding: 'utf8' });
    return stdout.split('\n').filter(Boolean).map(Number);
  }

  async end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#process;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    this.#isWanted = true;
    const exited = once(child, 'exit');
    child.kill(signal);
    await exited;
  }

  async remove(): Promise<void> {
    await this.end('SIGKILL');
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
