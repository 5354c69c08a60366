import { appendFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Experiment } from './experiment.ts';

const FULL_MS = 3_000;
const PIECE = Buffer.alloc(64 * 1024);

/** Takes all room that is left, also what becomes free meanwhile. */
async function fill(file: string, untilMs: number): Promise<void> {
  while (performance.now() < untilMs) {
    try {
      await appendFile(file, PIECE);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
      await sleep(20);
    }
  }
}

export const diskFaults: readonly Experiment[] = [
  {
    name: 'disk-full',
    injects: `the disk with bus, views and artifacts is full for ${FULL_MS / 1_000} s`,
    on: ['small-disk'],
    recoversWithinMs: 30_000,
    inject: async ({ fleet }) => {
      const file = join(fleet.options.folder, 'filler');
      await fill(file, performance.now() + FULL_MS);
      await rm(file);
    },
  },
];
