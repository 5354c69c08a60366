import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePorts } from '../../tools/provision/free-port.ts';
import { cacheDirectory } from '../../tools/provision/script.ts';
import { startChild } from './contender.ts';
import { bytesOf, type Painter, SETTINGS } from './image-contenders.ts';
import { checkInstalled } from './installed.ts';

const MODEL = join(import.meta.dirname, '../../services/model-diffusers/models/genfleet-demo');
const START_MS = 180_000;

/** A server of others before `demo_pipeline.py`: it answers a request with the picture, and keeps nothing. */
interface Peer {
  readonly name: string;
  /** Of the folder here with its `service.py`, and of its environment in the cache. */
  readonly folder: string;
  /** In its environment's `bin`. */
  readonly program: string;
  readonly args: (port: number) => readonly string[];
  /** What it prints when it is ready. */
  readonly said: RegExp;
  readonly env: (directory: string) => Readonly<Record<string, string>>;
  /** Answers with 200 once a request may come. */
  readonly readyPath: string;
}

/** One worker of one thread. */
export function startBentoMl(): Promise<Painter> {
  return startPeer({
    name: 'BentoML',
    folder: 'bentoml',
    program: 'bentoml',
    args: (port) => ['serve', 'service:Pictures', '--host', '127.0.0.1', '--port', String(port)],
    said: /Service Pictures initialized/,
    env: (directory) => ({ BENTOML_HOME: directory, BENTOML_DO_NOT_TRACK: 'True' }),
    readyPath: 'readyz',
  });
}

/** One replica that runs one request at a time, on a cluster of this machine alone, without its dashboard. */
export function startRayServe(): Promise<Painter> {
  return startPeer({
    name: 'Ray Serve',
    folder: 'ray',
    program: 'python',
    args: (port) => ['service.py', String(port)],
    said: /^ready$/,
    // without RAY_AUTH_MODE it leaves a token in the home directory; on loopback nobody else asks
    env: (directory) => ({ RAY_TMPDIR: directory, RAY_USAGE_STATS_ENABLED: '0', RAY_AUTH_MODE: 'disabled' }),
    readyPath: '-/healthz',
  });
}

async function startPeer({ name, folder, program, args, said, env, readyPath }: Peer): Promise<Painter> {
  const path = join(cacheDirectory(), folder, 'bin', program);
  checkInstalled(path, folder);
  const directory = mkdtempSync(join(tmpdir(), 'peer-'));
  const [port = 0] = await freePorts(1);
  const command = [path, ...args(port)];
  const common = {
    ...{ MODEL, OMP_NUM_THREADS: '1', HF_HUB_OFFLINE: '1' },
    ...{ PYTHONPATH: import.meta.dirname, PYTHONDONTWRITEBYTECODE: '1' },
  };
  const options = { cwd: join(import.meta.dirname, folder), env: { ...common, ...env(directory) } };
  const server = await startChild('server', command, said, options);
  const url = `http://127.0.0.1:${port}`;
  await untilReady(`${url}/${readyPath}`);
  return {
    name,
    parts: [server],
    paint: async (seed) => {
      const answer = await fetch(`${url}/txt2img`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ ...SETTINGS, seed }),
      });
      return { generateMs: Number(answer.headers.get('x-generate-ms')), bytes: await bytesOf(answer) };
    },
    stop: async () => {
      await server.stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

async function untilReady(url: string): Promise<void> {
  const lateMs = performance.now() + START_MS;
  while (performance.now() < lateMs) {
    const ok = await fetch(url).then(
      (answer) => answer.ok,
      () => false,
    );
    if (ok) return;
    await sleep(200);
  }
  throw new Error(`${url} was not ready in ${START_MS} ms`);
}
