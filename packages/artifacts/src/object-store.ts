export interface StoredObject {
  readonly key: string;
  readonly sizeBytes: number;
}

/**
 * Files in folders, for what is no artifact of a job: nobody is given a URL to them, and they can be listed. Keys are
 * paths (`isObjectKey`): `table/dt=2026-03-01/file.parquet`.
 */
export interface ObjectStore {
  /**
   * Resolves once the bytes are durable under the key, whole or not at all.
   * @throws GenfleetError `artifacts_failed`: full, down or refused, which is retryable; a key that it can't take,
   * which is not. `closed`.
   */
  put(key: string, bytes: Uint8Array): Promise<void>;
  /**
   * The same if nothing stands under the key. Of several who try at once exactly one is told `true`; who is told
   * `false` may have been the one, on a try whose answer was lost. Throws as `put` does.
   */
  putIfAbsent(key: string, bytes: Uint8Array): Promise<boolean>;
  /** @throws GenfleetError `artifact_not_found`, also for what can't be a key; `artifacts_failed`, `closed`. */
  get(key: string): Promise<Uint8Array>;
  /**
   * What stands in the folder and in the folders in it, in the order of the keys, after `after` where it is given;
   * nothing for a folder that is not there. Who puts meanwhile may be seen or not. Throws as `get` does.
   */
  list(folder: string, after?: string): AsyncIterable<StoredObject>;
  /** No error when there is none. Throws as `get` does otherwise. */
  delete(key: string): Promise<void>;
  /** Rejects with the reason when the store can't take bytes. */
  health(): Promise<void>;
  close(): Promise<void>;
}
