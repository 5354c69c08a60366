import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { createClient } from '@genfleet/client';
import { describe, expect, it } from '@jest/globals';

const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url));
const BODY = { generation_settings: { prompt: 'A dog' }, metadata: { grouping: 'killed' } };
const CONNECTIONS = 16;

/** The service as a process of its own; resolves once it says where it listens. */
async function start(dataDir: string): Promise<{ child: ChildProcess; url: string }> {
  // nothing of this process's environment
  const env = { DATA_DIR: dataDir, PORT: '0' };
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', MAIN], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  for await (const line of createInterface(child.stdout)) {
    const match = /API listens on (http:[^"]+)/.exec(line);
    if (match) return { child, url: String(match[1]) };
  }
  throw new Error('the API ended before it listened');
}

describe('kill -9 in the middle of many requests', () => {
  it('loses no job that was promised', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'genfleet-kill-'));
    const promised: string[] = [];
    const children: ChildProcess[] = [];
    const startOne = async () => {
      const started = await start(dataDir);
      children.push(started.child);
      return started;
    };
    try {
      for (let life = 1; life <= 3; life += 1) {
        const { child, url } = await startOne();
        const client = createClient({ baseUrl: url });
        let isKilled = false;
        const senders = Array.from({ length: CONNECTIONS }, async () => {
          while (!isKilled) {
            try {
              promised.push((await client.createImage(BODY)).id);
            } catch {
              // cut off in the middle: nothing was promised
              isKilled = true;
            }
            if (promised.length >= life * 150) {
              isKilled = true;
              child.kill('SIGKILL');
            }
          }
        });
        await Promise.all(senders);
        if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
      }
      const { child, url } = await startOne();
      const client = createClient({ baseUrl: url });
      const missing: string[] = [];
      for (const id of promised) {
        const found = await client.getImage(id).then(
          ({ status }) => status === 'queued',
          () => false,
        );
        if (!found) missing.push(id);
      }
      expect(missing).toEqual([]);
      expect(new Set(promised).size).toBe(promised.length);
      expect(promised.length).toBeGreaterThanOrEqual(450);
      // what was cut off may stand in the ledger without a promise, never the other way round
      expect((await client.listImages({ grouping: 'killed' })).total).toBeGreaterThanOrEqual(promised.length);
      child.kill('SIGTERM');
      const [code] = await once(child, 'exit');
      expect(code).toBe(0);
    } finally {
      for (const child of children) child.kill('SIGKILL');
      await rm(dataDir, { recursive: true, force: true });
    }
  }, 180_000);
});
