import {
  type ArtifactStore,
  checkKey,
  checkPut,
  contentTypeOf,
  type StoredArtifact,
} from '@genfleet/artifacts';
import { GenfleetError } from '@genfleet/job';
import { collect, pieces } from './body.ts';
import { createObject } from './create-object.ts';
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

/** Artifacts as objects of one bucket. S3 shows an object whole or not at all, and acknowledges it once durable. */
class S3Store implements ArtifactStore {
  readonly #s3: S3Connection;
  readonly #prefix: string;
  readonly #timeoutMs: number;
  readonly #where: { readonly bucket: string; readonly at: string };
  #closed = false;

  constructor(s3: S3Connection, options: S3StoreOptions & { timeoutMs: number }) {
    this.#s3 = s3;
    this.#prefix = options.prefix === '' ? '' : `${options.prefix}/`;
    this.#timeoutMs = options.timeoutMs;
    this.#where = { bucket: options.bucket, at: options.endpoint ?? options.region };
  }

  async put(key: string, bytes: Uint8Array, contentType: string): Promise<void> {
    this.#open();
    checkPut(key, contentType);
    await this.#call(`store ${key}`, (signal) =>
      this.#s3.put(this.#prefix + key, bytes, contentType, signal),
    );
  }

  async putIfAbsent(key: string, bytes: Uint8Array, contentType: string): Promise<boolean> {
    this.#open();
    checkPut(key, contentType);
    return this.#call(`store ${key}`, (signal) =>
      createObject(this.#s3, this.#prefix + key, bytes, contentType, signal),
    );
  }

  async get(key: string): Promise<StoredArtifact> {
    this.#open();
    checkKey(key);
    return this.#call(`read ${key}`, async (signal) => {
      const object = await this.#s3.get(this.#prefix + key, signal);
      const { contentType } = object;
      const bytes = await collect(key, object, signal);
      return { bytes, contentType: contentType ?? contentTypeOf(key) ?? 'application/octet-stream' };
    });
  }

  async *read(key: string): AsyncGenerator<Uint8Array> {
    this.#open();
    checkKey(key);
    const signal = AbortSignal.timeout(this.#timeoutMs);
    try {
      const { body } = await this.#s3.get(this.#prefix + key, signal);
      yield* pieces(body, signal);
    } catch (error) {
      throw explain(`read ${key}`, error, this.#where, signal.aborted);
    }
  }

  async url(key: string, ttlSeconds: number): Promise<string> {
    this.#open();
    checkKey(key);
    const ttl = Math.min(Math.max(1, Math.floor(ttlSeconds)), MAX_TTL_SECONDS);
    return this.#call(`sign a URL for ${key}`, () => this.#s3.presignGet(this.#prefix + key, ttl));
  }

  async delete(key: string): Promise<void> {
    this.#open();
    checkKey(key);
    await this.#call(`delete ${key}`, (signal) => this.#s3.remove(this.#prefix + key, signal));
  }

  async health(): Promise<void> {
    this.#open();
    await this.#call('list artifacts', (signal) => this.#s3.probe(this.#prefix, signal));
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#s3.close();
  }

  #open(): void {
    if (this.#closed) throw new GenfleetError('closed', 'the artifact store was closed');
  }

  /** The SDK's own time limits are for one attempt; this one holds whatever it does. */
  async #call<T>(what: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const signal = AbortSignal.timeout(this.#timeoutMs);
    try {
      return await work(signal);
    } catch (error) {
      throw explain(what, error, this.#where, signal.aborted);
    }
  }
}

/** The connection that these options describe, with the time that one call with its retries may take. */
export function connect(options: S3StoreOptions): { s3: S3Connection; timeoutMs: number } {
  const { timeoutMs = 30_000, forcePathStyle = false, prefix: _prefix, ...connection } = options;
  const attemptMs = Math.max(1, Math.floor(timeoutMs / ATTEMPTS));
  const s3 = connectS3({ ...connection, forcePathStyle, attemptMs, maxAttempts: ATTEMPTS });
  return { s3, timeoutMs };
}

/**
 * The store over a bucket that exists. Connects at the first call, so that a service can start before its store
 * answers: ask `health`.
 */
export function openS3Store(options: S3StoreOptions): ArtifactStore {
  const { s3, timeoutMs } = connect(options);
  return new S3Store(s3, { ...options, timeoutMs });
}
