import { checkObjectKey, checkObjectPut, type ObjectStore, type StoredObject } from '@genfleet/artifacts';
import { S3Bucket, type S3StoreOptions } from './s3-bucket.ts';

const CONTENT_TYPE = 'application/octet-stream';

/** Objects of one bucket, under a prefix. */
class S3Objects implements ObjectStore {
  readonly #bucket: S3Bucket;

  constructor(options: S3StoreOptions) {
    this.#bucket = new S3Bucket(options);
  }

  async put(key: string, bytes: Uint8Array): Promise<void> {
    checkObjectPut(key);
    await this.#bucket.put(key, bytes, CONTENT_TYPE);
  }

  async putIfAbsent(key: string, bytes: Uint8Array): Promise<boolean> {
    checkObjectPut(key);
    return await this.#bucket.putIfAbsent(key, bytes, CONTENT_TYPE);
  }

  async get(key: string): Promise<Uint8Array> {
    checkObjectKey(key);
    return (await this.#bucket.get(key)).bytes;
  }

  async *list(folder: string, after?: string): AsyncGenerator<StoredObject> {
    checkObjectKey(folder);
    yield* this.#bucket.list(folder, after);
  }

  async delete(key: string): Promise<void> {
    checkObjectKey(key);
    await this.#bucket.delete(key);
  }

  health(): Promise<void> {
    return this.#bucket.health();
  }

  async close(): Promise<void> {
    this.#bucket.close();
  }
}

/** Objects in a bucket that exists; connects at the first call. */
export function openS3Objects(options: S3StoreOptions): ObjectStore {
  return new S3Objects(options);
}
