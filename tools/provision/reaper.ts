/**
 * Waits until no process uses a component any more, however its users ended, and then stops it.
 *   node reaper.ts LEASES COMMAND ARGUMENTS…
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { isLeased } from './leases.ts';
import { run } from './script.ts';

const LOOK_EVERY_MS = 2_000;
/** A run that follows soon after another finds the component still there. */
const LINGER_MS = Number(process.env['GENFLEET_LINGER_SECONDS'] ?? 10) * 1_000;

const [leases = '', command = '', ...args] = process.argv.slice(2);
for (let idleSinceMs = Date.now(); ; ) {
  await sleep(LOOK_EVERY_MS);
  if (isLeased(leases)) idleSinceMs = Date.now();
  if (Date.now() - idleSinceMs < LINGER_MS) continue;
  await run(command, args);
  // somebody may have come while it was being stopped, and then it was not
  if (!isLeased(leases)) break;
}
