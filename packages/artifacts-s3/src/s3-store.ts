import {
  type ArtifactStore,
  checkKey,
  checkPut,
  contentTypeOf,
  type StoredArtifact,
} from '@genfleet/artifacts';
import { S3Bucket, type S3StoreOptions } from './s3-bucket.ts';

/** Artifacts as objects of one bucket. S3 shows an object whole or not at all, and acknowledges it once durable. */
class S3Store implements ArtifactStore {
  readonly #bucket: S3Bucket;

  constructor(options: S3StoreOptions) {
    this.#bucket = new S3Bucket(options);
  }

  async put(key: string, bytes: Uint8Array, contentType: string): Promise<void> {
    checkPut(key, contentType);
    await this.#bucket.put(key, bytes, contentType);
  }

  async putIfAbsent(key: string, bytes: Uint8Array, contentType: string): Promise<boolean> {
    checkPut(key, contentType);
    return await this.#bucket.putIfAbsent(key, bytes, contentType);
  }

  async get(key: string): Promise<StoredArtifact> {
    checkKey(key);
    const { bytes, contentType } = await this.#bucket.get(key);
    return { bytes, contentType: contentType ?? contentTypeOf(key) ?? 'application/octet-stream' };
  }

  async *read(key: string): AsyncGenerator<Uint8Array> {
    checkKey(key);
    yield* this.#bucket.read(key);
  }

  async url(key: string, ttlSeconds: number): Promise<string> {
    checkKey(key);
    return await this.#bucket.url(key, ttlSeconds);
  }

  async delete(key: string): Promise<void> {
    checkKey(key);
    await this.#bucket.delete(key);
  }

  health(): Promise<void> {
    return this.#bucket.health();
  }

  async close(): Promise<void> {
    this.#bucket.close();
  }
}

/**
 * The store over a bucket that exists. Connects at the first call, so that a service can start before its store
 * answers: ask `health`.
 */
export function openS3Store(options: S3StoreOptions): ArtifactStore {
  return new S3Store(options);
}
