import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { bundleService } from './bundle.ts';
import { linkInstalled } from './link-installed.ts';

const ROOT = new URL('..', import.meta.url).pathname;
/** Starts a bundle and waits for a line of its log that says so. */
async function started(
  folder: string,
  env: Record<string, string>,
  said: RegExp,
): Promise<[ChildProcess, string]> {
  const child = spawn(process.execPath, ['--import', './register.js', 'main.js'], {
    cwd: folder,
    env: { PATH: process.env['PATH'] ?? '', ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  for await (const chunk of child.stdout) {
    output += String(chunk);
    const match = said.exec(output);
    if (match) return [child, match[1] ?? ''];
  }
  throw new Error(`the bundle ended: ${output}`);
}

async function stopped(child: ChildProcess): Promise<void> {
  child.kill('SIGTERM');
  if (child.exitCode === null) await once(child, 'exit');
}

/** Stands where a collector of traces would; what it was sent is protobuf, with names readable in it. */
async function startCollector() {
  let received = '';
  const server = createServer(async (request, response) => {
    received += (await buffer(request)).toString('latin1');
    response.end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { url, received: () => received, close: () => server.close() };
}

describe('bundled services', () => {
  let folder: string;
  const children: ChildProcess[] = [];

  beforeEach(() => {
    mkdirSync(join(ROOT, 'dist'), { recursive: true });
    folder = mkdtempSync(join(ROOT, 'dist/.test-'));
  });
  afterEach(async () => {
    await Promise.all(children.splice(0).map(stopped));
    rmSync(folder, { recursive: true, force: true });
  });

  it('take a job, run it and trace it, each from its own folder', async () => {
    const collector = await startCollector();
    const [api, worker] = await Promise.all([bundleService('api', folder), bundleService('worker', folder)]);
    for (const bundle of [api, worker]) linkInstalled(bundle);
    for (const model of ['model', 'code-model']) {
      symlinkSync(join(ROOT, 'packages/engine-embedded', model), join(folder, model));
    }
    const env = { DATA_DIR: join(folder, 'data'), PORT: '0', WORKER_PORT: '0', WEB_DIR: join(api, 'web') };
    // nothing is sent before the end: what comes is what the end flushes
    const traced = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, OTEL_BSP_SCHEDULE_DELAY: '600000' };
    const [apiProcess, url] = await started(api, { ...env, ...traced }, /listens on (http[^"]+)/);
    children.push(apiProcess);
    const [workerProcess] = await started(worker, env, /(takes jobs)/);
    children.push(workerProcess);
    const response = await fetch(`${url}/images/`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', prefer: 'wait=30' },
      body: JSON.stringify({
        generation_settings: { prompt: 'a red circle', steps: 2, width: 64, height: 64 },
      }),
    });
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ status: 'completed' });
    const asked = await fetch(`${url}/ledger/query`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ sql: 'select settings.prompt from requested_txt2img_generation' }),
    });
    expect(await asked.json()).toMatchObject({ rows: [['a red circle']] });
    for (const page of ['/', '/docs', '/docs/swagger-ui.css', '/redoc/redoc.standalone.js'])
      expect((await fetch(url + page)).status).toBe(200);
    await stopped(apiProcess);
    collector.close();
    // of the packages beside the bundle, and of the bundle itself
    for (const named of ['POST /images', 'http.route', 'publish requested_txt2img_generation'])
      expect(collector.received()).toContain(named);
  });
});
