// Runs the pinned pnpm with the arguments given, on a machine that has only Node 20 and npm.
// No dependencies: this file runs before anything is installed.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

const PNPM_VERSION = '12.21.0';
const root = new URL('..', import.meta.url);

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
  const found = spawnSync(command, ['--version'], {
    encoding: 'utf8',
    env,
    shell: process.platform === 'win32',
  });
  return found.status === 0 && found.stdout.trim() === PNPM_VERSION;
}

const isFirstRun = !existsSync(new URL('node_modules/.modules.yaml', root));
if (isFirstRun) {
  console.error('Setting up Genfleet: installing packages (first run only, about a minute)…');
}
const args = process.argv.slice(2);
const [command, prefix] = isPinned('pnpm') ? ['pnpm', []] : ['npx', ['--yes', `pnpm@${PNPM_VERSION}`]];
const child = spawnSync(command, [...prefix, ...args], {
  cwd: root,
  env,
  stdio: 'inherit',
  shell: process.platform === 'win32',
});
if (child.error) {
  console.error(`Could not run ${command}: ${child.error.message}`);
}
process.exit(child.status ?? (child.signal === 'SIGINT' ? 130 : 1));
