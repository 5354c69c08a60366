import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts } from '../../tools/provision/free-port.ts';
import { watchOwn } from '../../tools/provision/own-instance.ts';
import { cacheDirectory, runScript } from '../../tools/provision/script.ts';
import { type Child, type Contender, type Part, startChild, startScript } from './contender.ts';
import { checkInstalled } from './installed.ts';

const file = (name: string) => join(import.meta.dirname, name);
const folder = () => mkdtempSync(join(tmpdir(), 'genfleet-peers-'));

function contender(
  name: string,
  front: Child,
  others: readonly (Part & { stop?(): Promise<void> })[],
  directory: string,
): Contender {
  return {
    name,
    port: Number(front.said),
    parts: [front, ...others],
    stop: async () => {
      await front.stop();
      for (const other of others) await other.stop?.();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** API and worker in one process over the embedded bus. */
export async function startGenfleet(): Promise<Contender> {
  const directory = folder();
  const all = await startScript('api and worker', file('genfleet-jobs.ts'), [directory]);
  return contender('Genfleet', all, [], directory);
}

/** A server of tools/provision in the directory, on a free port, that ends with this process. */
async function startOwn(name: 'redis' | 'temporal', directory: string): Promise<Part & { port: number }> {
  const [port = 0, ...more] = await freePorts(8);
  watchOwn(name, directory);
  await runScript(name, ['start'], { DIR: directory, PORT: String(port), PORTS: more.join(' ') });
  return { name, port, pid: Number(readFileSync(join(directory, `${name}.pid`), 'utf8')) };
}

function stoppable(part: Part, directory: string): Part & { stop(): Promise<void> } {
  return {
    ...part,
    stop: async () => {
      await runScript(part.name, ['stop'], { DIR: directory });
    },
  };
}

/** Express, a worker and Redis with `appendfsync always`. */
export async function startBullMq(): Promise<Contender> {
  checkInstalled(file('../node_modules/bullmq'), 'node');
  const directory = folder();
  const redis = await startOwn('redis', directory);
  const url = `redis://127.0.0.1:${redis.port}`;
  const front = await startScript('front', file('bullmq-front.mjs'), [url]);
  const worker = await startScript('worker', file('bullmq-worker.mjs'), [url, join(directory, 'pictures')]);
  return contender('BullMQ', front, [worker, stoppable(redis, directory)], directory);
}

/** FastAPI, prefork workers and the same Redis. */
export async function startCelery(): Promise<Contender> {
  const bin = join(cacheDirectory(), 'celery/bin');
  checkInstalled(join(bin, 'celery'), 'celery');
  const directory = folder();
  const redis = await startOwn('redis', directory);
  const [port = 0] = await freePorts(1);
  const env = { REDIS_URL: `redis://127.0.0.1:${redis.port}/0`, PICTURES: join(directory, 'pictures') };
  const options = { cwd: file('celery'), env: { ...env, PYTHONDONTWRITEBYTECODE: '1' } };
  const serve = ['front:app', '--port', String(port), '--log-level', 'info', '--no-access-log'];
  const front = await startChild('front', [join(bin, 'uvicorn'), ...serve], /running on http/, options);
  const work = ['-A', 'jobs', 'worker', '--concurrency', '4', '--loglevel', 'info'];
  const mute = ['--without-gossip', '--without-mingle', '--without-heartbeat'];
  const worker = await startChild('worker', [join(bin, 'celery'), ...work, ...mute], / ready\.$/, options);
  const numbered = { ...front, said: String(port) };
  return contender('Celery', numbered, [worker, stoppable(redis, directory)], directory);
}

/** Express, a worker and Temporal's server over SQLite. */
export async function startTemporal(): Promise<Contender> {
  checkInstalled(file('../node_modules/@temporalio/worker'), 'node');
  const directory = folder();
  const server = await startOwn('temporal', directory);
  const address = `127.0.0.1:${server.port}`;
  const front = await startScript('front', file('temporal-front.mjs'), [address]);
  const worker = await startScript('worker', file('temporal-worker.mjs'), [
    address,
    join(directory, 'pictures'),
  ]);
  return contender('Temporal', front, [worker, stoppable(server, directory)], directory);
}
