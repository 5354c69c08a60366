import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { usageOfTree } from '../../load-tests/src/process-tree.ts';

/** What runs on this machine for a contender: its CPU time counts. */
export interface Part {
  /** What it is, in a word: front, worker, redis… */
  readonly name: string;
  readonly pid: number;
}

/** Something that takes jobs over HTTP. */
export interface Contender {
  readonly name: string;
  readonly port: number;
  readonly parts: readonly Part[];
  /** Ends all its processes and takes its files away. */
  stop(): Promise<void>;
}

export interface Child extends Part {
  /** What it printed when it was ready. */
  readonly said: string;
  stop(): Promise<void>;
}

const START_MS = 300_000;
const STOP_MS = 10_000;
const LAST_WORDS_CHARS = 4_000;

/**
 * Starts a program in a process group of its own and waits for a line that matches.
 * @throws Error with its last words when it ends before, or says nothing of the sort in time.
 */
export async function startChild(
  name: string,
  [command = '', ...args]: readonly string[],
  said: RegExp,
  { cwd, env = {} }: { readonly cwd?: string; readonly env?: Readonly<Record<string, string>> } = {},
): Promise<Child> {
  const child = spawn(command, args, {
    ...(cwd === undefined ? {} : { cwd }),
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  // BentoML's workers are in groups of their own: only their parent ends them, when it is asked politely
  const ask = () => signalGroup(child, 'SIGTERM');
  process.on('exit', ask);
  const exited = once(child, 'exit');
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let words = '';
  for (const stream of [child.stdout, child.stderr]) {
    createInterface(stream).on('line', (line) => {
      words = `${words}${line}\n`.slice(-LAST_WORDS_CHARS);
      const match = said.exec(line);
      if (match) resolve(match[1] ?? line);
    });
  }
  exited.then(
    ([code]) => reject(new Error(`${name} ended with ${code}:\n${words}`)),
    (error: unknown) => reject(error),
  );
  const late = setTimeout(() => reject(new Error(`${name} did not start:\n${words}`)), START_MS);
  const line = await promise.finally(() => clearTimeout(late));
  return {
    name,
    pid: child.pid ?? 0,
    said: line,
    stop: async () => {
      ask();
      const force = setTimeout(() => signalGroup(child, 'SIGKILL'), STOP_MS);
      await exited.catch(() => undefined);
      clearTimeout(force);
      process.off('exit', ask);
    },
  };
}

/** To it and what it started in its group. */
function signalGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  try {
    if (pid !== undefined) process.kill(-pid, signal);
  } catch {
    // it has ended
  }
}

/** A script of ours with this Node; it prints its port or `ready`. */
export function startScript(name: string, file: string, args: readonly string[] = []): Promise<Child> {
  const command = [process.execPath, '--disable-warning=ExperimentalWarning', file, ...args];
  return startChild(name, command, /^(\d+|ready)$/);
}

/** CPU seconds of each part so far, with whatever it started. */
export function cpuSecondsOf(parts: readonly Part[]): ReadonlyMap<string, number> {
  return new Map(parts.map(({ name, pid }) => [name, usageOfTree(pid)?.cpuSeconds ?? 0]));
}
