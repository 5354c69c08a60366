import { randomUUID } from 'node:crypto';
import { closeSync, fsync, open as openByNumber, writeFile as writeByNumber } from 'node:fs';
import { link, mkdir, open, rename, unlink } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { partialName } from './partial-name.ts';

/** By number, for they are closed without a promise. */
const openFile = promisify(openByNumber);
const writeFile = promisify(writeByNumber);
const sync = promisify(fsync);

/** Makes what was renamed or created inside durable: the name is the folder's data, not the file's. */
async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Creates the folder with its parents; resolves once they would survive a power cut. */
export async function makeDirectory(directory: string): Promise<void> {
  const made = await mkdir(directory, { recursive: true });
  if (made === undefined) return;
  for (let at = resolve(directory); at.length >= made.length; at = dirname(at))
    await syncDirectory(dirname(at));
}

/**
 * Writes a file so that its name always stands for the whole content, old or new, whatever happens in between:
 * written and synced under another name in the same folder, then renamed, then the folder synced. A failure
 * leaves nothing behind; a crash leaves a partial file for `sweepPartials`.
 */
export async function writeDurably(directory: string, name: string, bytes: Uint8Array): Promise<void> {
  await writeAs(directory, bytes, async (partial, syncFolder) => {
    await rename(partial, join(directory, name));
    await syncFolder();
  });
}

/**
 * The same for a name that nothing has yet: a second name for the file is given by one of those who try at once.
 * @returns false when there is something under the name.
 */
export async function createDurably(directory: string, name: string, bytes: Uint8Array): Promise<boolean> {
  return await writeAs(directory, bytes, async (partial, syncFolder) => {
    const isNew = await linkIfAbsent(partial, join(directory, name));
    // also what was there: it may have its name only just now
    await Promise.all([syncFolder(), unlink(partial)]);
    return isNew;
  });
}

async function linkIfAbsent(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return false;
  }
}

/**
 * Every call is a way through the thread pool and back: what need not come one after the other goes side by side, and
 * handles, of which nothing is left to be written, are closed without one.
 */
async function writeAs<T>(
  directory: string,
  bytes: Uint8Array,
  publish: (partial: string, syncFolder: () => Promise<void>) => Promise<T>,
): Promise<T> {
  const partial = join(directory, partialName(randomUUID()));
  const opening = [openFile(partial, 'wx', 0o644), openFile(directory, 'r')] as const;
  const opened = await Promise.allSettled(opening);
  try {
    const [file, folder] = await Promise.all(opening);
    await writeFile(file, bytes);
    await sync(file);
    return await publish(partial, () => sync(folder));
  } catch (error) {
    await unlink(partial).catch(() => undefined);
    throw error;
  } finally {
    for (const one of opened) if (one.status === 'fulfilled') closeSync(one.value);
  }
}

/** Writes one byte and takes it away again: what fails here fails for a picture as well. */
export async function probeWrite(directory: string): Promise<void> {
  const partial = join(directory, partialName(randomUUID()));
  try {
    const handle = await open(partial, 'wx', 0o644);
    try {
      await handle.writeFile('.');
    } finally {
      await handle.close();
    }
  } finally {
    await unlink(partial).catch(() => undefined);
  }
}
