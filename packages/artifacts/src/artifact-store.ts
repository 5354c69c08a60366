export interface StoredArtifact {
  readonly bytes: Uint8Array;
  readonly contentType: string;
}

/**
 * Files that jobs made. Keys are flat names (`isArtifactKey`): `<job id>.jpg`. Same key, same bytes: a second put
 * changes nothing that matters.
 */
export interface ArtifactStore {
  /**
   * Resolves once the bytes are durable under the key, whole or not at all. The content type is the one that
   * the key's extension stands for (`contentTypeOf`).
   * @throws GenfleetError `artifacts_failed`: full, down or refused, which is retryable; a key or content type
   * that it can't take, which is not. `closed`.
   */
  put(key: string, bytes: Uint8Array, contentType: string): Promise<void>;
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
