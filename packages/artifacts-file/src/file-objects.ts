import { readdir, readFile, stat, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { checkObjectKey, checkObjectPut, type ObjectStore, type StoredObject } from '@genfleet/artifacts';
import { GenfleetError } from '@genfleet/job';
import { createDurably, makeDirectory, probeWrite, writeDurably } from './durable-write.ts';
import { codeOf, failed, notFound } from './file-faults.ts';
import { sweepPartials } from './partial-name.ts';

/** Objects as files of a folder and the folders in it. Several processes may share it. */
class FileObjects implements ObjectStore {
  readonly #directory: string;
  readonly #swept = new Set<string>();
  #closed = false;

  constructor(directory: string) {
    this.#directory = directory;
  }

  async put(key: string, bytes: Uint8Array): Promise<void> {
    const { folder, name } = this.#placeToPut(key);
    await this.#doing(`store ${key}`, async () => {
      await this.#prepare(folder);
      await writeDurably(folder, name, bytes);
    });
  }

  async putIfAbsent(key: string, bytes: Uint8Array): Promise<boolean> {
    const { folder, name } = this.#placeToPut(key);
    return await this.#doing(`store ${key}`, async () => {
      await this.#prepare(folder);
      return await createDurably(folder, name, bytes);
    });
  }

  async get(key: string): Promise<Uint8Array> {
    const file = this.#place(key);
    return await this.#doing(`read ${key}`, () =>
      readFile(file).catch((error: unknown) => {
        throw isAbsent(error) ? notFound(key) : error;
      }),
    );
  }

  async *list(folder: string, after = ''): AsyncGenerator<StoredObject> {
    this.#place(folder);
    try {
      yield* this.#walk(folder, after);
    } catch (error) {
      throw failed(`can't list ${folder} in ${this.#directory}`, error);
    }
  }

  async delete(key: string): Promise<void> {
    const file = this.#place(key);
    await this.#doing(`delete ${key}`, () =>
      unlink(file).catch((error: unknown) => {
        if (!isAbsent(error)) throw error;
      }),
    );
  }

  async health(): Promise<void> {
    this.#open();
    await this.#doing('write', () => probeWrite(this.#directory));
  }

  async close(): Promise<void> {
    this.#closed = true;
  }

  async *#walk(folder: string, after: string): AsyncGenerator<StoredObject> {
    const found = await readdir(join(this.#directory, folder), { withFileTypes: true }).catch(
      (error: unknown) => {
        if (isAbsent(error)) return [];
        throw error;
      },
    );
    // a folder's keys go on with a slash, which is where it stands among the files
    const names = found
      .filter(({ name }) => !name.startsWith('.'))
      .map((entry) => (entry.isDirectory() ? `${entry.name}/` : entry.name))
      .sort((a, b) => (a < b ? -1 : 1));
    for (const name of names) {
      const key = `${folder}/${name}`;
      if (name.endsWith('/')) {
        if (key > after || after.startsWith(key)) yield* this.#walk(key.slice(0, -1), after);
        continue;
      }
      if (key <= after) continue;
      const there = await stat(join(this.#directory, key)).catch(() => undefined);
      if (there) yield { key, sizeBytes: there.size };
    }
  }

  async #prepare(folder: string): Promise<void> {
    await makeDirectory(folder);
    if (this.#swept.has(folder)) return;
    await sweepPartials(folder, Date.now());
    this.#swept.add(folder);
  }

  #placeToPut(key: string): { folder: string; name: string } {
    this.#open();
    checkObjectPut(key);
    const file = join(this.#directory, key);
    return { folder: dirname(file), name: key.slice(key.lastIndexOf('/') + 1) };
  }

  #place(key: string): string {
    this.#open();
    checkObjectKey(key);
    return join(this.#directory, key);
  }

  #open(): void {
    if (this.#closed) throw new GenfleetError('closed', 'the store was closed');
  }

  async #doing<T>(what: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw failed(`can't ${what} in ${this.#directory}`, error);
    }
  }
}

/** Nothing is there, or a file where a folder would have to be. */
const isAbsent = (error: unknown) => ['ENOENT', 'ENOTDIR'].includes(codeOf(error));

/**
 * Opens the store over a folder, which is created where it is missing.
 * @throws GenfleetError `artifacts_failed` when the folder can't be used.
 */
export async function openFileObjects(options: { directory: string }): Promise<ObjectStore> {
  try {
    await makeDirectory(options.directory);
  } catch (error) {
    throw failed(`can't use the folder ${options.directory}`, error);
  }
  return new FileObjects(options.directory);
}
