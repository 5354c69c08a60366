import { appendFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Experiment } from './experiment.ts';

const FULL_MS = 5_000;
const AGAIN_MS = 5;
/** Large pieces first; the last of the room is taken page by page. */
const PIECES = [Buffer.alloc(64 * 1024), Buffer.alloc(4 * 1024)];

/** Takes all room there is, and what becomes free meanwhile. */
async function fill(file: string, untilMs: number): Promise<void> {
  while (performance.now() < untilMs) {
    for (const piece of PIECES) while (await fits(file, piece));
    await sleep(AGAIN_MS);
  }
}

async function fits(file: string, piece: Buffer): Promise<boolean> {
  try {
    await appendFile(file, piece);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    return false;
  }
}

export const diskFaults: readonly Experiment[] = [
  {
    name: 'disk-full',
    injects: `the disk with bus, views, artifacts and archive is full for ${FULL_MS / 1_000} s`,
    on: ['small-disk'],
    recoversWithinMs: 60_000,
    inject: async ({ fleet }) => {
      const file = join(fleet.options.folder, 'filler');
      await fill(file, performance.now() + FULL_MS);
      await rm(file);
    },
  },
];
