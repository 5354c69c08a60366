import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts } from '../../../tools/provision/components.ts';
import { runScript } from '../../../tools/provision/script.ts';

/** A Redis of a test's own, to be stopped, frozen and started again at the same address. */
export async function startOwnRedis() {
  const directory = mkdtempSync(join(tmpdir(), 'genfleet-redis-'));
  const [port = 0] = await freePorts(1);
  const env = { DIR: directory, PORT: String(port) };
  await runScript('redis', ['start'], env);
  const signal = (name: NodeJS.Signals) =>
    process.kill(Number(readFileSync(join(directory, 'redis.pid'), 'utf8')), name);
  return {
    url: `redis://127.0.0.1:${port}`,
    stop: () => runScript('redis', ['stop'], env),
    start: () => runScript('redis', ['start'], env),
    freeze: () => signal('SIGSTOP'),
    thaw: () => signal('SIGCONT'),
    async destroy() {
      await runScript('redis', ['stop'], env).catch(() => undefined);
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
