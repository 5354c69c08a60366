export interface StoredArtifact {
  readonly bytes: Uint8Array;
  readonly contentType: string;
}

/**
 * Files that jobs made. Keys are flat names (`isArtifactKey`): `<job id>.jpg`. A job may run twice and make something
 * else the second time, as texts do and pictures in other company: who stores by `putIfAbsent` changes nothing then.
 */
export interface ArtifactStore {
  /**
   * Resolves once the bytes are durable under the key, whole or not at all. The content type is the one that
   * the key's extension stands for (`contentTypeOf`).
   * @throws GenfleetError `artifacts_failed`: full, down or refused, which is retryable; a key or content type
   * that it can't take, which is not. `closed`.
   */
  put(key: string, bytes: Uint8Array, contentType: string): Promise<void>;
  /**
   * The same if nothing stands under the key. Of several who try at once exactly one is told `true`; who is told
   * `false` may have been the one, on a try whose answer was lost. Throws as `put` does.
   */
  putIfAbsent(key: string, bytes: Uint8Array, contentType: string): Promise<boolean>;
  /** @throws GenfleetError `artifact_not_found`, also for what can't be a key; `artifacts_failed`, `closed`. */
  get(key: string): Promise<StoredArtifact>;
  /** The bytes piece by piece, for whoever needs no more than one piece at a time. Throws as `get` does. */
  read(key: string): AsyncIterable<Uint8Array>;
  /**
   * A URL that works without credentials for `ttlSeconds`, whether or not something is there yet; undefined
   * when only the API can serve it. @throws GenfleetError `artifact_not_found` for what can't be a key.
   */
  url(key: string, ttlSeconds: number): Promise<string | undefined>;
  /** No error when there is none. @throws GenfleetError `artifact_not_found` for what can't be a key; `artifacts_failed`, `closed`. */
  delete(key: string): Promise<void>;
  /** Rejects with the reason when the store can't take bytes. */
  health(): Promise<void>;
  close(): Promise<void>;
}
