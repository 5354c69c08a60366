import { mkdirSync, readFileSync, realpathSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';

const ROOT = new URL('..', import.meta.url).pathname;
const PACKAGES = [
  'packages/telemetry',
  'services/api',
  'services/worker',
  'packages/bus-pulsar',
  'packages/engine-embedded',
  'packages/ledger-duckdb',
];

/** What `npm install` does in the image: here by links to the packages that the workspace has already. */
export function linkInstalled(folder: string): void {
  const { dependencies } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  for (const name of Object.keys(dependencies)) {
    const owner = PACKAGES.find((path) => exists(join(ROOT, path, 'node_modules', name)));
    if (!owner) throw new Error(`${name} is not installed in the workspace`);
    const link = join(folder, 'node_modules', name);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(realpathSync(join(ROOT, owner, 'node_modules', name)), link);
  }
}

function exists(path: string): boolean {
  try {
    realpathSync(path);
    return true;
  } catch {
    return false;
  }
}
