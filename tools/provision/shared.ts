/**
 * One instance of a component for all test processes on this machine, started at most once. A process of its own,
 * because it runs under `flock`, whose lock the kernel takes back whatever happens to it.
 *   node shared.ts start NAME PID   prints where it answers, and keeps it running at least as long as PID lives
 *   node shared.ts stop NAME        stops it if nobody uses it any more
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Addresses, ComponentName, Missing } from './addresses.ts';
import { CONTAINERS, hasDocker } from './docker.ts';
import { isLeased, takeLease } from './leases.ts';
import { RECIPES, type Started } from './recipes.ts';
import { cacheDirectory, MissingError, run, runScript } from './script.ts';

const [verb, name, pid] = process.argv.slice(2) as [string, ComponentName, string | undefined];
const home = join(cacheDirectory(), 'run', name);
const stateFile = join(home, 'state.json');
const leases = join(home, 'leases');

function readState(): Started | undefined {
  return existsSync(stateFile) ? (JSON.parse(readFileSync(stateFile, 'utf8')) as Started) : undefined;
}

async function answers(started: Started): Promise<boolean> {
  const { adminUrl, endpoint, httpUrl, apiUrl } = started.address as Readonly<Record<string, string>>;
  const url = adminUrl ?? endpoint ?? httpUrl ?? apiUrl;
  if (url)
    return await fetch(url, { signal: AbortSignal.timeout(10_000) }).then(
      () => true,
      () => false,
    );
  return await runScript(name, ['status'], { DIR: join(home, 'data') }).then(
    () => true,
    () => false,
  );
}

async function startNew(): Promise<Started> {
  const directory = join(home, 'data');
  try {
    return await RECIPES[name](directory);
  } catch (thrown) {
    const container = CONTAINERS[name];
    if (!(thrown instanceof MissingError) || !container || !(await hasDocker())) throw thrown;
    return await container();
  }
}

async function stopIt(started: Started): Promise<void> {
  rmSync(stateFile, { force: true });
  const [command = '', ...args] = started.stop;
  await run(command, args);
}

async function start(): Promise<Addresses[ComponentName]> {
  mkdirSync(home, { recursive: true });
  takeLease(leases, Number(pid));
  const there = readState();
  if (there && (await answers(there))) return there.address;
  if (there) await stopIt(there);
  const started = await startNew();
  writeFileSync(`${stateFile}.new`, JSON.stringify(started));
  renameSync(`${stateFile}.new`, stateFile);
  const reaper = join(import.meta.dirname, 'reaper.sh');
  const stop = ['flock', '-o', `${home}.lock`, process.execPath, import.meta.filename, 'stop', name];
  spawn('bash', [reaper, leases, ...stop], { detached: true, stdio: 'ignore' }).unref();
  return started.address;
}

if (verb === 'start') {
  const outcome: Addresses[ComponentName] | Missing = await start().catch((thrown: Error) => ({
    missing: thrown.message,
  }));
  process.stdout.write(JSON.stringify(outcome));
} else {
  const there = readState();
  if (there && !isLeased(leases)) await stopIt(there);
}
process.exit(0);
