export interface StoredArtifact {
  readonly bytes: Uint8Array;
  readonly contentType: string;
}

/** Files that jobs made. Keys are flat names: `<job id>.jpg`. Same key, same bytes: a second put changes nothing that matters. */
export interface ArtifactStore {
  /**
   * Resolves once the bytes are durable under the key, whole or not at all.
   * @throws GenfleetError `artifacts_failed` (full, down, refused); retryable.
   */
  put(key: string, bytes: Uint8Array, contentType: string): Promise<void>;
  /** @throws GenfleetError `artifact_not_found`, `artifacts_failed`. */
  get(key: string): Promise<StoredArtifact>;
  /** A URL that works without credentials for `ttlSeconds`; undefined when only the API can serve it. */
  url(key: string, ttlSeconds: number): Promise<string | undefined>;
  /** No error when there is none. */
  delete(key: string): Promise<void>;
  /** Rejects with the reason when the store can't take bytes. */
  health(): Promise<void>;
  close(): Promise<void>;
}
