import { createReadStream } from 'node:fs';
import { readFile, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type ArtifactStore,
  checkKey,
  checkPut,
  contentTypeOf,
  type StoredArtifact,
} from '@genfleet/artifacts';
import { GenfleetError } from '@genfleet/job';
import { createDurably, makeDirectory, probeWrite, writeDurably } from './durable-write.ts';
import { codeOf, failed, notFound } from './file-faults.ts';
import { sweepPartials } from './partial-name.ts';

/** Artifacts as files of one folder. Several processes may share it. */
class FileStore implements ArtifactStore {
  readonly #directory: string;
  #closed = false;

  constructor(directory: string) {
    this.#directory = directory;
  }

  async put(key: string, bytes: Uint8Array, contentType: string): Promise<void> {
    this.#open();
    checkPut(key, contentType);
    await this.#doing(`store ${key}`, () => writeDurably(this.#directory, key, bytes));
  }

  async putIfAbsent(key: string, bytes: Uint8Array, contentType: string): Promise<boolean> {
    this.#open();
    checkPut(key, contentType);
    return this.#doing(`store ${key}`, () => createDurably(this.#directory, key, bytes));
  }

  async get(key: string): Promise<StoredArtifact> {
    this.#open();
    checkKey(key);
    const contentType = contentTypeOf(key);
    if (contentType === undefined) throw notFound(key);
    const bytes = await this.#doing(`read ${key}`, () =>
      readFile(join(this.#directory, key)).catch((error: unknown) => {
        throw codeOf(error) === 'ENOENT' ? notFound(key) : error;
      }),
    );
    return { bytes, contentType };
  }

  async *read(key: string): AsyncGenerator<Uint8Array> {
    this.#open();
    checkKey(key);
    try {
      yield* createReadStream(join(this.#directory, key)) as AsyncIterable<Uint8Array>;
    } catch (error) {
      if (codeOf(error) === 'ENOENT') throw notFound(key);
      throw failed(`can't read ${key} in ${this.#directory}`, error);
    }
  }

  async url(key: string): Promise<undefined> {
    this.#open();
    checkKey(key);
  }

  async delete(key: string): Promise<void> {
    this.#open();
    checkKey(key);
    await this.#doing(`delete ${key}`, () =>
      unlink(join(this.#directory, key)).catch((error: unknown) => {
        if (codeOf(error) !== 'ENOENT') throw error;
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

  #open(): void {
    if (this.#closed) throw new GenfleetError('closed', 'the artifact store was closed');
  }

  async #doing<T>(what: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw failed(`can't ${what} in ${this.#directory}`, error);
    }
  }
}

/**
 * Opens the store over a folder, which is created where it is missing, and sweeps what killed processes left
 * half-written. @throws GenfleetError `artifacts_failed` when the folder can't be used.
 */
export async function openFileStore(options: { directory: string }): Promise<ArtifactStore> {
  const { directory } = options;
  try {
    await makeDirectory(directory);
    await sweepPartials(directory, Date.now());
  } catch (error) {
    throw failed(`can't use the folder ${directory}`, error);
  }
  return new FileStore(directory);
}
