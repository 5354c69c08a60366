import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

const NAME = /^recorder-(\d+)-\w+$/;

/**
 * A folder of this process alone, after those that killed ones left were taken away: nothing in them is missed, as the
 * topics hold it.
 */
export async function openScratch(directory: string): Promise<string> {
  await mkdir(directory, { recursive: true });
  for (const name of await readdir(directory)) {
    const pid = Number(NAME.exec(name)?.[1]);
    // also of an earlier life with the number that is ours now, as in a container it always is
    if (Number.isNaN(pid) || (pid !== process.pid && isAlive(pid))) continue;
    if (!taken.has(join(directory, name))) await rm(join(directory, name), { recursive: true, force: true });
  }
  const scratch = await mkdtemp(join(directory, `recorder-${process.pid}-`));
  taken.add(scratch);
  return scratch;
}

const taken = new Set<string>();

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
