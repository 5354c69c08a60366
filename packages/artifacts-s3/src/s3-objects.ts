import { checkObjectKey, checkObjectPut, type ObjectStore, type StoredObject } from '@genfleet/artifacts';
import { GenfleetError } from '@genfleet/job';
import { collect } from './body.ts';
import { createObject } from './create-object.ts';
import { explain } from './explain.ts';
import type { S3Connection } from './s3-connection.ts';
import { connect, type S3StoreOptions } from './s3-store.ts';

const CONTENT_TYPE = 'application/octet-stream';

/** Objects of one bucket, under a prefix. */
class S3Objects implements ObjectStore {
  readonly #s3: S3Connection;
  readonly #prefix: string;
  readonly #timeoutMs: number;
  readonly #where: { readonly bucket: string; readonly at: string };
  #closed = false;

  constructor(options: S3StoreOptions) {
    const { s3, timeoutMs } = connect(options);
    this.#s3 = s3;
    this.#timeoutMs = timeoutMs;
    this.#prefix = options.prefix === '' ? '' : `${options.prefix}/`;
    this.#where = { bucket: options.bucket, at: options.endpoint ?? options.region };
  }

  async put(key: string, bytes: Uint8Array): Promise<void> {
    this.#open();
    checkObjectPut(key);
    await this.#call(`store ${key}`, (signal) =>
      this.#s3.put(this.#prefix + key, bytes, CONTENT_TYPE, signal),
    );
  }

  async putIfAbsent(key: string, bytes: Uint8Array): Promise<boolean> {
    this.#open();
    checkObjectPut(key);
    return await this.#call(`store ${key}`, (signal) =>
      createObject(this.#s3, this.#prefix + key, bytes, CONTENT_TYPE, signal),
    );
  }

  async get(key: string): Promise<Uint8Array> {
    this.#open();
    checkObjectKey(key);
    return await this.#call(`read ${key}`, async (signal) =>
      collect(key, await this.#s3.get(this.#prefix + key, signal), signal),
    );
  }

  async *list(folder: string, after?: string): AsyncGenerator<StoredObject> {
    this.#open();
    checkObjectKey(folder);
    let last = after === undefined ? undefined : this.#prefix + after;
    for (let isLast = false; !isLast; ) {
      const page = await this.#call(`list ${folder}`, (signal) =>
        this.#s3.list(`${this.#prefix}${folder}/`, last, signal),
      );
      for (const { key, sizeBytes } of page.objects) {
        yield { key: key.slice(this.#prefix.length), sizeBytes };
        last = key;
      }
      isLast = page.isLast;
    }
  }

  async delete(key: string): Promise<void> {
    this.#open();
    checkObjectKey(key);
    await this.#call(`delete ${key}`, (signal) => this.#s3.remove(this.#prefix + key, signal));
  }

  async health(): Promise<void> {
    this.#open();
    await this.#call('list', (signal) => this.#s3.probe(this.#prefix, signal));
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#s3.close();
  }

  #open(): void {
    if (this.#closed) throw new GenfleetError('closed', 'the store was closed');
  }

  async #call<T>(what: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const signal = AbortSignal.timeout(this.#timeoutMs);
    try {
      return await work(signal);
    } catch (error) {
      throw explain(what, error, this.#where, signal.aborted);
    }
  }
}

/** Objects in a bucket that exists; connects at the first call. */
export function openS3Objects(options: S3StoreOptions): ObjectStore {
  return new S3Objects(options);
}
