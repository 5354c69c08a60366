import { readdir, stat, unlink } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';

/** No writer takes longer: after this, a file of another machine's process is a leftover too. */
const ABANDONED_MS = 3_600_000;
const PARTIAL = /^\.(?<host>[A-Za-z0-9-]{1,63})_(?<pid>\d+)_[0-9a-f-]{36}\.partial$/;

const host =
  hostname()
    .replaceAll(/[^A-Za-z0-9-]/g, '-')
    .slice(0, 63) || 'localhost';

/** A name that is no artifact key and says who writes it. */
export function partialName(unique: string): string {
  return `.${host}_${process.pid}_${unique}.partial`;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // not ours to signal, but there
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/**
 * Removes what killed writers left in the folder. Other processes may be writing there at this moment: theirs
 * stay, as long as they live on this machine or the file is young.
 * @returns how many files were removed.
 */
export async function sweepPartials(directory: string, nowMs: number): Promise<number> {
  let removed = 0;
  for (const name of await readdir(directory)) {
    const writer = PARTIAL.exec(name)?.groups;
    if (!writer) continue;
    const file = join(directory, name);
    const isDead = writer['host'] === host && !isAlive(Number(writer['pid']));
    const { mtimeMs } = await stat(file).catch(() => ({ mtimeMs: nowMs }));
    if (!isDead && nowMs - mtimeMs < ABANDONED_MS) continue;
    await unlink(file).then(
      () => {
        removed += 1;
      },
      // swept by another process that opened the store at the same time
      () => undefined,
    );
  }
  return removed;
}
