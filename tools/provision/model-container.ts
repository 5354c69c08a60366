import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Missing } from './addresses.ts';
import { freePorts } from './free-port.ts';
import { takeLease } from './leases.ts';
import { run } from './script.ts';

const SERVICE = join(import.meta.dirname, '../../services/model-diffusers');
/** Lets Python keep what it compiled: the libraries come uncompiled, and compiling them takes half of every start. */
const QUICK_START = { PYTHONDONTWRITEBYTECODE: '' };
const START_MS = 400_000;
/** The committed demo model in Diffusers format. */
const DEMO_MODEL = join(SERVICE, 'models/genfleet-demo');

/** One of services/model-diffusers, started for one test, on the CPU. */
export interface ModelContainer {
  readonly url: string;
  readonly pid: number;
  /** Folder that it reads models from: `genfleet-demo`, and `tiny` of random weights. */
  readonly modelsDir: string;
  /** kill -9, at once. */
  kill(): Promise<void>;
  /** Ends it and takes its folder away. */
  destroy(): Promise<void>;
}

/**
 * The Python environment that services/model-diffusers needs, made on first use (minutes, 2 GB).
 * `GENFLEET_WITHOUT=torch` goes without.
 * @returns the interpreter, or `{ missing }` with the reason, which was printed. @throws Error instead when `CI=true`.
 */
export async function providePython(): Promise<string | Missing> {
  if ((process.env['GENFLEET_WITHOUT'] ?? '').split(',').includes('torch')) {
    return report('GENFLEET_WITHOUT names torch');
  }
  const made = await run('bash', [join(import.meta.dirname, 'python-torch.sh')]);
  const folder = made.output.trim().split('\n').at(-1) ?? '';
  const python = join(folder, 'bin/python');
  if (made.code === 0 && existsSync(python)) return python;
  const reason = `python-torch.sh ended with ${made.code}: ${made.errors.trim().split('\n').at(-1) ?? ''}`;
  if (process.env['CI'] === 'true') throw new Error(`CI=true and torch is missing: ${made.errors}`);
  return report(reason);
}

/** Starts the container on a free port; resolves once it is ready. */
export async function startModelContainer(
  python: string,
  env: Readonly<Record<string, string>> = {},
): Promise<ModelContainer> {
  const home = mkdtempSync(join(tmpdir(), 'genfleet-model-'));
  const modelsDir = join(home, 'models');
  mkdirSync(modelsDir);
  const script = 'cd "$1" && exec "$2" -m tests.tiny_pipeline "$3"';
  const folder = join(modelsDir, 'tiny');
  const tiny = await run('bash', ['-c', script, 'tiny', SERVICE, python, folder], QUICK_START);
  if (tiny.code !== 0) throw new Error(`the tiny model could not be made: ${tiny.errors}`);
  if (hasDemoModel()) symlinkSync(DEMO_MODEL, join(modelsDir, 'genfleet-demo'));
  const [port] = await freePorts(1);
  const logFile = join(home, 'log');
  const log = openSync(logFile, 'w');
  const child = spawn(python, ['-m', 'genfleet_model'], {
    cwd: SERVICE,
    stdio: ['ignore', log, log],
    env: {
      ...process.env,
      ...QUICK_START,
      OMP_NUM_THREADS: '1',
      TORCH_THREADS: '1',
      MODELS_DIR: modelsDir,
      PORT: String(port),
      ...env,
    },
  });
  watch(home, child);
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const end = async (signal: NodeJS.Signals) => {
    child.kill(signal);
    await exited;
  };
  const url = `http://127.0.0.1:${port}`;
  const container: ModelContainer = {
    url,
    pid: child.pid ?? 0,
    modelsDir,
    kill: () => end('SIGKILL'),
    async destroy() {
      await end('SIGKILL');
      rmSync(home, { recursive: true, force: true });
    },
  };
  if (await becomesReady(url, child)) return container;
  const said = readFileSync(logFile, 'utf8').slice(-4_000);
  await container.destroy();
  throw new Error(`the model container did not become ready:\n${said}`);
}

/** Takes the container away when its owner is gone, also after a crash of the owner. */
function watch(home: string, { pid }: ChildProcess): void {
  const leases = join(home, 'leases');
  takeLease(leases, process.pid);
  // by then the number may belong to another process
  const stop = 'grep -q genfleet_model "/proc/$1/cmdline" && kill -9 "$1"; rm -rf "$2"';
  const reaper = join(import.meta.dirname, 'reaper.sh');
  spawn('bash', [reaper, leases, 'bash', '-c', stop, 'stop', String(pid), home], {
    detached: true,
    stdio: 'ignore',
    env: { ...process.env, GENFLEET_LINGER_SECONDS: '1' },
  }).unref();
}

/** Whether the demo model is there in Diffusers format. */
export function hasDemoModel(): boolean {
  return existsSync(join(DEMO_MODEL, 'model_index.json'));
}

async function becomesReady(url: string, child: ChildProcess): Promise<boolean> {
  const endMs = performance.now() + START_MS;
  while (performance.now() < endMs && child.exitCode === null) {
    const ready = await fetch(`${url}/health/ready`).then(
      (response) => response.ok,
      () => false,
    );
    if (ready) return true;
    await sleep(200);
  }
  return false;
}

function report(missing: string): Missing {
  process.stderr.write(`without torch: ${missing}\n`);
  return { missing };
}
