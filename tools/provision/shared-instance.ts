import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Addresses, ComponentName, Missing } from './addresses.ts';
import { cacheDirectory, run } from './script.ts';

/** The instance that all processes of this machine share, started if it is not there, and kept as long as `pid` lives. */
export async function sharedInstance<N extends ComponentName>(
  name: N,
  pid: number,
): Promise<Addresses[N] | Missing> {
  const home = join(cacheDirectory(), 'run');
  mkdirSync(home, { recursive: true });
  const command = [process.execPath, '--disable-warning=ExperimentalWarning'];
  const script = fileURLToPath(new URL('./shared.ts', import.meta.url));
  const ended = await run('flock', [
    '-o',
    join(home, `${name}.lock`),
    ...command,
    script,
    'start',
    name,
    String(pid),
  ]);
  if (ended.code === 127) return { missing: `flock (util-linux) to start ${name}: ${ended.errors}` };
  if (ended.code !== 0) return { missing: `${name} could not be started: ${ended.errors}` };
  return JSON.parse(ended.output) as Addresses[N] | Missing;
}
