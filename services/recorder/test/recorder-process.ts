import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url));

interface Ended {
  readonly code: number | null;
  readonly output: string;
}

/** `npm run recorder` as a process of a test. */
export class RecorderProcess {
  readonly #child: ChildProcess;
  #output = '';

  constructor(env: Record<string, string>, words: readonly string[] = []) {
    const options = ['--disable-warning=ExperimentalWarning', MAIN, ...words];
    this.#child = spawn(process.execPath, options, {
      env: { PATH: process.env['PATH'] ?? '', RECORDER_PORT: '0', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.on('data', (chunk: Buffer) => {
        this.#output += chunk.toString();
      });
    }
  }

  /** Waits for a line of its log that says so. @throws Error when it ends before. */
  async said(what: RegExp): Promise<string> {
    for (;;) {
      const found = what.exec(this.#output);
      if (found) return found[1] ?? found[0];
      if (this.#child.exitCode !== null) throw new Error(`the recorder ended: ${this.#output}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  async end(signal?: NodeJS.Signals): Promise<Ended> {
    const exited = this.#child.exitCode === null ? once(this.#child, 'exit') : undefined;
    if (signal) this.#child.kill(signal);
    await exited;
    return { code: this.#child.exitCode, output: this.#output };
  }
}
