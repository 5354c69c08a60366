/**
 * `node bench/memory.ts`: resident memory of the API and of a worker without a model, as their images run them: from
 * the bundles, each a process of its own, idle for ten seconds on one embedded bus. By turns, three times; the most counts.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { bundleService } from '../tools/bundle.ts';
import { linkInstalled } from '../tools/link-installed.ts';

const ROOT = new URL('..', import.meta.url).pathname;
const IDLE_MS = 10_000;
const ROUNDS = 3;
const WANTED = { api: 130, worker: 110 } as const;

/** Resident memory of one process in MB. */
function residentMb(pid: number): number {
  const [, kB = '0'] = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kB) / 1_024;
}

/** Stands where a model container would: the worker has no model of its own to load. */
const container = createServer((request, response) => {
  const body = request.url === '/models' ? '{"models":[]}' : '{"status":"ok"}';
  response.writeHead(200, { 'content-type': 'application/json' }).end(body);
}).listen(0, '127.0.0.1');
await once(container, 'listening');
const { port } = container.address() as AddressInfo;

mkdirSync(join(ROOT, 'dist'), { recursive: true });
const folder = mkdtempSync(join(ROOT, 'dist/.memory-'));

/** Starts a bundle as its image does, and lets it idle. */
async function idleMb(bundle: string): Promise<number> {
  const child = spawn(
    process.execPath,
    ['--max-semi-space-size=8', '--heap-growing-percent=60', '--import', './register.js', 'main.js'],
    {
      cwd: bundle,
      env: {
        ...{ MALLOC_ARENA_MAX: '2', DATA_DIR: join(folder, 'data'), LOG_LEVEL: 'error' },
        ...{ PORT: '0', WORKER_PORT: '0', ENGINE_URL: `http://127.0.0.1:${port}` },
      },
      stdio: 'inherit',
    },
  );
  await sleep(IDLE_MS);
  if (child.exitCode !== null) throw new Error(`${bundle} ended with ${child.exitCode}`);
  const memory = residentMb(child.pid ?? 0);
  child.kill('SIGTERM');
  await once(child, 'exit');
  return memory;
}

try {
  const services = [];
  for (const service of ['api', 'worker'] as const) {
    const bundle = await bundleService(service, folder);
    linkInstalled(bundle);
    services.push({ service, bundle, found: [] as number[] });
  }
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const { bundle, found } of services) found.push(await idleMb(bundle));
  }
  for (const { service, found } of services) {
    const most = Math.max(...found);
    const wanted = WANTED[service];
    const each = found.map((mb) => mb.toFixed(0)).join(', ');
    console.log(
      `${service.padEnd(7)} ${each} MB; wanted under ${wanted} (${most < wanted ? 'met' : 'not met'})`,
    );
  }
} finally {
  container.close();
  rmSync(folder, { recursive: true, force: true });
}
