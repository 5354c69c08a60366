// Runs the pinned pnpm with the arguments given, on a machine that has only Node 20 and npm.
// No dependencies: this file runs before anything is installed.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const PNPM_VERSION = '12.21.0';
const root = fileURLToPath(new URL('..', import.meta.url));
const shell = process.platform === 'win32';

const [major = 0] = process.versions.node.split('.').map(Number);
if (major < 20) {
  console.error(`Genfleet needs Node 20 or later to start; this is ${process.version}.`);
  process.exit(1);
}

// npm's own settings for this run would reach pnpm as if the user had given them.
const env = Object.fromEntries(
  Object.entries(process.env).filter(
    ([name]) => !/^npm_(config|package|lifecycle|command|node|execpath)/i.test(name),
  ),
);
env.npm_config_update_notifier = 'false';

function isPinned(command) {
  const found = spawnSync(command, ['--version'], { encoding: 'utf8', env, shell });
  return found.status === 0 && found.stdout.trim() === PNPM_VERSION;
}

/**
 * The pinned pnpm, kept in the cache folder: npx would ask the registry at every start, and a start without a network
 * would wait for it and fail.
 */
function ownPnpm() {
  const cache = env.GENFLEET_CACHE || join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'genfleet');
  const folder = join(cache, `pnpm-${PNPM_VERSION}`);
  const command = join(folder, 'node_modules', '.bin', shell ? 'pnpm.cmd' : 'pnpm');
  if (existsSync(command)) return command;
  if (isPinned('pnpm')) return 'pnpm';
  mkdirSync(cache, { recursive: true });
  const fresh = mkdtempSync(`${folder}-`);
  // not --prefix, which would hide npm's global configuration
  writeFileSync(join(fresh, 'package.json'), '{}');
  const args = ['install', '--no-audit', '--no-fund', '--loglevel=error'];
  const { status, error } = spawnSync('npm', [...args, `pnpm@${PNPM_VERSION}`], {
    cwd: fresh,
    // npm under the Node that it came with knows its own configuration: certificates, a registry
    env: { ...env, PATH: withoutOwn(env.PATH ?? '') },
    stdio: ['ignore', 'ignore', 'inherit'],
    shell,
  });
  if (status !== 0) {
    rmSync(fresh, { recursive: true, force: true });
    console.error(`Could not install pnpm ${PNPM_VERSION}${error ? `: ${error.message}` : ''}`);
    process.exit(1);
  }
  try {
    renameSync(fresh, folder);
  } catch (cause) {
    // of two first starts at once the second finds the folder there
    rmSync(fresh, { recursive: true, force: true });
    if (!existsSync(command)) throw cause;
  }
  return command;
}

const withoutOwn = (path) =>
  path
    .split(delimiter)
    .filter((part) => !part.startsWith(root))
    .join(delimiter);

const isFirstRun = !existsSync(join(root, 'node_modules', '.modules.yaml'));
if (isFirstRun) {
  console.error('Setting up Genfleet: installing packages (first run only, about a minute)…');
}
const command = ownPnpm();
const words = process.argv.slice(2);
// what installs before a script runs shows its progress; a log, or a pipe that reads the script, wants none of it
const quiet = words[0] === 'run' && !process.stdout.isTTY ? ['--loglevel=warn'] : [];
const child = spawnSync(command, [...quiet, ...words], { cwd: root, env, stdio: 'inherit', shell });
if (child.error) {
  console.error(`Could not run ${command}: ${child.error.message}`);
}
process.exit(child.status ?? (child.signal === 'SIGINT' ? 130 : 1));
