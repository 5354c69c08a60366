import { spawn } from 'node:child_process';
import { join } from 'node:path';
import type { ComponentName, Missing } from './addresses.ts';
import { takeLease } from './leases.ts';
import { MissingError } from './script.ts';

/** That this component is unwanted, where `GENFLEET_WITHOUT` names it. */
export function unwanted(name: ComponentName): Missing | undefined {
  const without = (process.env['GENFLEET_WITHOUT'] ?? '').split(',');
  return without.includes(name) ? { missing: `GENFLEET_WITHOUT names ${name}` } : undefined;
}

/** Prints what is missing, where something may be. @throws what was thrown where nothing may, and any other fault. */
export function whatIsMissing(name: string, thrown: unknown): Missing {
  if (!(thrown instanceof MissingError) || process.env['CI'] === 'true') throw thrown;
  process.stderr.write(`without a ${name} of its own: ${thrown.message}\n`);
  return { missing: thrown.message };
}

/** Has `<name>.sh stop` run and the directory taken away when this process is gone, also after a crash of it. */
export function watchOwn(name: string, directory: string): void {
  const leases = join(directory, 'leases');
  takeLease(leases, process.pid);
  const script = join(import.meta.dirname, `${name}.sh`);
  const stop = ['bash', '-c', 'DIR="$1" bash "$2" stop; rm -rf "$1"', 'stop', directory, script];
  const reaper = join(import.meta.dirname, 'reaper.sh');
  spawn('bash', [reaper, leases, ...stop], {
    detached: true,
    stdio: 'ignore',
    env: { ...process.env, GENFLEET_LINGER_SECONDS: '1' },
  }).unref();
}
