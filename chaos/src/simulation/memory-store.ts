import { type ArtifactStore, contentTypeOf, type StoredArtifact } from '@genfleet/artifacts';
import { GenfleetError } from '@genfleet/job';
import type { Incarnation } from './incarnation.ts';
import { type Network, storeFault } from './network.ts';

/** What the store holds, which no crash of a client changes. */
export type StoredFiles = Map<string, Uint8Array>;

/** The store as one process has it. */
export class ProcessStore implements ArtifactStore {
  readonly #network: Network;
  readonly #files: StoredFiles;
  readonly #owner: Incarnation;

  constructor(network: Network, files: StoredFiles, owner: Incarnation) {
    this.#network = network;
    this.#files = files;
    this.#owner = owner;
  }

  put(key: string, bytes: Uint8Array): Promise<void> {
    return this.#call('store', () => {
      this.#files.set(key, bytes);
    });
  }

  putIfAbsent(key: string, bytes: Uint8Array): Promise<boolean> {
    return this.#call('store', () => {
      if (this.#files.has(key)) return false;
      this.#files.set(key, bytes);
      return true;
    });
  }

  get(key: string): Promise<StoredArtifact> {
    return this.#call('fetch', () => {
      const bytes = this.#files.get(key);
      if (!bytes) throw new GenfleetError('artifact_not_found', `there is no ${key}`);
      return { bytes, contentType: contentTypeOf(key) ?? 'application/octet-stream' };
    });
  }

  async *read(key: string): AsyncGenerator<Uint8Array> {
    yield (await this.get(key)).bytes;
  }

  async url(): Promise<undefined> {
    return undefined;
  }

  delete(key: string): Promise<void> {
    return this.#call('delete', () => {
      this.#files.delete(key);
    });
  }

  health(): Promise<void> {
    return this.#call('store health', () => undefined);
  }

  async close(): Promise<void> {}

  #call<T>(label: string, effect: () => T): Promise<T> {
    return this.#network.call({ owner: this.#owner, label, effect, fault: storeFault });
  }
}
