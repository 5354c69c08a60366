/**
 * `node bench/admission.ts`: durable jobs per second through `POST /images/` at 64 connections, beside the same
 * handler that publishes nothing, and beside Express with BullMQ on Redis with `appendfsync always`. All three
 * run in one go, in turn, so that a busy machine slows them alike; the ratios are what counts.
 * Before: bash bench/setup.sh
 */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { provide } from '../tools/provision/components.ts';
import { measure, ROUNDS, report, start } from './admission/contender.ts';

const WANTED = { undurable: 0.7, bullmq: 2 };

if (!existsSync(join(import.meta.dirname, 'node_modules/bullmq'))) {
  throw new Error('The peers are not installed; run: bash bench/setup.sh');
}
const redis = await provide('redis');
if ('missing' in redis) throw new Error(`Redis is missing: ${redis.missing}`);

const directory = mkdtempSync(join(tmpdir(), 'genfleet-bench-'));
process.on('exit', () => rmSync(directory, { recursive: true, force: true }));
const embedded = async (name: string, mode: string) => {
  const folder = join(directory, mode);
  return await start(name, 'genfleet.ts', [mode, `sqlite:${join(folder, 'fleet.db')}`, folder]);
};
const durable = await embedded('genfleet', 'durable');
const undurable = await embedded('same handler, nothing published', 'undurable');
const bullmq = await start('express + bullmq, appendfsync always', 'bullmq.mjs', [redis.url]);

for (let round = 1; round <= ROUNDS; round++) {
  for (const contender of [durable, undurable, bullmq]) await measure(contender, round);
}
report(durable, [
  { ...undurable, wanted: WANTED.undurable },
  { ...bullmq, wanted: WANTED.bullmq },
]);
// leases on Redis end with this process
process.exit(0);
