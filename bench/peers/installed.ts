import { existsSync } from 'node:fs';

/** @throws Error with what to do when something of a peer is not there. */
export function checkInstalled(path: string, what: string): void {
  if (!existsSync(path)) throw new Error(`${path} is missing; run: bash bench/setup.sh ${what}`);
}
