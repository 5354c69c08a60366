import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { usageOfTree } from './process-tree.ts';

const isLinux = existsSync('/proc/self/stat');

describe('what a process and all it started use', () => {
  (isLinux ? it : it.skip)(
    `counts children and theirs${isLinux ? '' : ' (not here: no /proc)'}`,
    async () => {
      const alone = usageOfTree(process.pid);
      const child = spawn('sh', ['-c', 'echo up; sleep 60 & wait'], {
        stdio: ['ignore', 'pipe', 'ignore'],
        detached: true,
      });
      try {
        await new Promise((resolve) => child.stdout.once('data', resolve));
        const together = usageOfTree(process.pid);
        const own = usageOfTree(child.pid ?? 0);
        expect(own?.residentBytes).toBeGreaterThan(100_000);
        expect(together?.residentBytes).toBeGreaterThan(own?.residentBytes ?? 0);
        expect(together?.cpuSeconds).toBeGreaterThanOrEqual(alone?.cpuSeconds ?? Number.POSITIVE_INFINITY);
      } finally {
        process.kill(-(child.pid ?? 0), 'SIGKILL');
      }
    },
  );

  it('is unknown of a process that is not there', () => {
    expect(usageOfTree(2 ** 30)).toBeUndefined();
  });
});
