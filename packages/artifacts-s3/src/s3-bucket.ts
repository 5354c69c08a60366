import type { StoredObject } from '@genfleet/artifacts';
import { GenfleetError } from '@genfleet/job';
import { collect, pieces } from './body.ts';
import { explain } from './explain.ts';
import { connectS3, type S3Connection, type S3ConnectionOptions } from './s3-connection.ts';

/** As S3 bounds a presigned URL. */
const MAX_TTL_SECONDS = 604_800;
const ATTEMPTS = 3;

export interface S3StoreOptions
  extends Omit<S3ConnectionOptions, 'forcePathStyle' | 'attemptMs' | 'maxAttempts'> {
  /** Before every key, without slashes at its ends; empty for none. */
  readonly prefix: string;
  readonly forcePathStyle?: boolean;
  /** For one call with its retries, in ms. Default 30 s. */
  readonly timeoutMs?: number;
}

/**
 * What stands under a prefix of one bucket. Keys are without it, and were checked. Every call ends within its time, and
 * fails with a GenfleetError that names the bucket.
 */
export class S3Bucket {
  readonly #s3: S3Connection;
  readonly #prefix: string;
  readonly #timeoutMs: number;
  readonly #where: { readonly bucket: string; readonly at: string };
  #closed = false;

  constructor(options: S3StoreOptions) {
    const { timeoutMs = 30_000, forcePathStyle = false, prefix, ...connection } = options;
    const attemptMs = Math.max(1, Math.floor(timeoutMs / ATTEMPTS));
    this.#s3 = connectS3({ ...connection, forcePathStyle, attemptMs, maxAttempts: ATTEMPTS });
    this.#prefix = prefix === '' ? '' : `${prefix}/`;
    this.#timeoutMs = timeoutMs;
    this.#where = { bucket: options.bucket, at: options.endpoint ?? options.region };
  }

  put(key: string, bytes: Uint8Array, contentType: string): Promise<void> {
    return this.#call(`store ${key}`, (signal) =>
      this.#s3.put(this.#prefix + key, bytes, contentType, signal),
    );
  }

  /** False when something stands under the key already. */
  putIfAbsent(key: string, bytes: Uint8Array, contentType: string): Promise<boolean> {
    return this.#call(`store ${key}`, async (signal) => {
      try {
        await this.#s3.create(this.#prefix + key, bytes, contentType, signal);
        return true;
      } catch (error) {
        if (isTaken(error)) return false;
        throw error;
      }
    });
  }

  get(key: string): Promise<{ bytes: Buffer; contentType: string | undefined }> {
    return this.#call(`read ${key}`, async (signal) => {
      const object = await this.#s3.get(this.#prefix + key, signal);
      return { bytes: await collect(key, object, signal), contentType: object.contentType };
    });
  }

  async *read(key: string): AsyncGenerator<Buffer> {
    this.#open();
    const signal = AbortSignal.timeout(this.#timeoutMs);
    try {
      const { body } = await this.#s3.get(this.#prefix + key, signal);
      yield* pieces(body, signal);
    } catch (error) {
      throw explain(`read ${key}`, error, this.#where, signal.aborted);
    }
  }

  async *list(folder: string, after?: string): AsyncGenerator<StoredObject> {
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

  /** A URL that needs no credentials, for at most a week. */
  url(key: string, ttlSeconds: number): Promise<string> {
    const ttl = Math.min(Math.max(1, Math.floor(ttlSeconds)), MAX_TTL_SECONDS);
    return this.#call(`sign a URL for ${key}`, () => this.#s3.presignGet(this.#prefix + key, ttl));
  }

  delete(key: string): Promise<void> {
    return this.#call(`delete ${key}`, (signal) => this.#s3.remove(this.#prefix + key, signal));
  }

  health(): Promise<void> {
    return this.#call('list what is stored', (signal) => this.#s3.probe(this.#prefix, signal));
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#s3.close();
  }

  #open(): void {
    if (this.#closed) throw new GenfleetError('closed', 'the store was closed');
  }

  /** The SDK's own time limits are for one attempt; this one holds whatever it does. */
  async #call<T>(what: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    this.#open();
    const signal = AbortSignal.timeout(this.#timeoutMs);
    try {
      return await work(signal);
    } catch (error) {
      throw explain(what, error, this.#where, signal.aborted);
    }
  }
}

/** 412: something is there. 409: another one is putting it at this moment. */
function isTaken(error: unknown): boolean {
  const { $metadata } = error as { $metadata?: { httpStatusCode?: number } };
  return $metadata?.httpStatusCode === 412 || $metadata?.httpStatusCode === 409;
}
