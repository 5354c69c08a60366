import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
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

describe('bundled services', () => {
  let folder: string;
  const children: ChildProcess[] = [];

  beforeEach(() => {
    mkdirSync(join(ROOT, 'dist'), { recursive: true });
    folder = mkdtempSync(join(ROOT, 'dist/.test-'));
  });
  afterEach(async () => {
    for (const child of children.splice(0)) {
      child.kill('SIGTERM');
      if (child.exitCode === null) await once(child, 'exit');
    }
    rmSync(folder, { recursive: true, force: true });
  });

  it('take a job and run it, each from its own folder', async () => {
    const [api, worker] = await Promise.all([bundleService('api', folder), bundleService('worker', folder)]);
    for (const bundle of [api, worker]) linkInstalled(bundle);
    for (const model of ['model', 'code-model']) {
      symlinkSync(join(ROOT, 'packages/engine-embedded', model), join(folder, model));
    }
    const env = { DATA_DIR: join(folder, 'data'), PORT: '0', WORKER_PORT: '0', WEB_DIR: join(api, 'web') };
    const [apiProcess, url] = await started(api, env, /listens on (http[^"]+)/);
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
  });
});
