import type { Readable } from 'node:stream';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  type S3ClientConfig,
} from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';

export interface S3ConnectionOptions {
  readonly bucket: string;
  readonly region: string;
  /** `http://host:port` of an S3 that is not Amazon's. */
  readonly endpoint?: string;
  /** Where whoever is given a presigned URL reaches the same server, if not at `endpoint`. */
  readonly publicEndpoint?: string;
  /** `endpoint/bucket/key` instead of `bucket.endpoint/key`. */
  readonly forcePathStyle: boolean;
  /** Without them the SDK looks where it always does: environment, profile, the pod's or the machine's role. */
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string };
  /** Unix ms that signatures are dated with: a server takes none of another quarter of an hour. Default: of this process. */
  readonly nowMs?: () => number;
  /** For one attempt of a call, in ms. */
  readonly attemptMs: number;
  readonly maxAttempts: number;
}

export interface S3Object {
  readonly body: Readable;
  readonly sizeBytes: number | undefined;
  readonly contentType: string | undefined;
}

export interface S3Page {
  readonly objects: readonly { readonly key: string; readonly sizeBytes: number }[];
  readonly isLast: boolean;
}

/** All that is used of the vendor's SDK. Errors are the SDK's own; see `explain`. */
export interface S3Connection {
  put(key: string, bytes: Uint8Array, contentType: string, signal: AbortSignal): Promise<void>;
  /** Fails with 412 or 409 when something stands under the key. */
  create(key: string, bytes: Uint8Array, contentType: string, signal: AbortSignal): Promise<void>;
  /** A page of what begins with the prefix, in the order of the keys, after this one. */
  list(prefix: string, after: string | undefined, signal: AbortSignal): Promise<S3Page>;
  get(key: string, signal: AbortSignal): Promise<S3Object>;
  presignGet(key: string, ttlSeconds: number): Promise<string>;
  remove(key: string, signal: AbortSignal): Promise<void>;
  /** The cheapest call that needs the server, the credentials and the bucket, and whose errors have a body. */
  probe(prefix: string, signal: AbortSignal): Promise<void>;
  close(): void;
}

export function connectS3(options: S3ConnectionOptions): S3Connection {
  const {
    bucket: Bucket,
    region,
    endpoint,
    publicEndpoint,
    forcePathStyle,
    credentials,
    attemptMs,
    maxAttempts,
    nowMs = Date.now,
  } = options;
  const common = {
    region,
    forcePathStyle,
    maxAttempts,
    // both directions carry a CRC-32, checked by the server and by the SDK
    requestChecksumCalculation: 'WHEN_SUPPORTED',
    responseChecksumValidation: 'WHEN_SUPPORTED',
    requestHandler: {
      connectionTimeout: Math.min(3_000, attemptMs),
      requestTimeout: attemptMs,
      throwOnRequestTimeout: true,
    },
    ...(credentials === undefined ? {} : { credentials }),
  } satisfies S3ClientConfig;
  const client = new S3Client({ ...common, ...(endpoint === undefined ? {} : { endpoint }) });
  // the SDK would learn of a clock that is wrong by a call that fails, and again when the clock is set right
  Object.defineProperty(client.config, 'systemClockOffset', {
    get: () => nowMs() - Date.now(),
    set: () => undefined,
  });
  // signing asks nobody, so this one never connects
  const signer =
    publicEndpoint === undefined ? client : new S3Client({ ...common, endpoint: publicEndpoint });
  return {
    async put(Key, Body, ContentType, abortSignal) {
      await client.send(new PutObjectCommand({ Bucket, Key, Body, ContentType }), { abortSignal });
    },
    async create(Key, Body, ContentType, abortSignal) {
      const put = new PutObjectCommand({ Bucket, Key, Body, ContentType, IfNoneMatch: '*' });
      await client.send(put, { abortSignal });
    },
    async list(Prefix, StartAfter, abortSignal) {
      const answer = await client.send(new ListObjectsV2Command({ Bucket, Prefix, StartAfter }), {
        abortSignal,
      });
      const objects = (answer.Contents ?? []).map(({ Key = '', Size = 0 }) => ({
        key: Key,
        sizeBytes: Size,
      }));
      return { objects, isLast: answer.IsTruncated !== true };
    },
    async get(Key, abortSignal) {
      const answer = await client.send(new GetObjectCommand({ Bucket, Key }), { abortSignal });
      return {
        body: answer.Body as Readable,
        sizeBytes: answer.ContentLength,
        contentType: answer.ContentType,
      };
    },
    presignGet: (Key, expiresIn) =>
      getSignedUrl(signer, new GetObjectCommand({ Bucket, Key }), {
        expiresIn,
        signingDate: new Date(nowMs()),
      }),
    async remove(Key, abortSignal) {
      await client.send(new DeleteObjectCommand({ Bucket, Key }), { abortSignal });
    },
    async probe(Prefix, abortSignal) {
      await client.send(new ListObjectsV2Command({ Bucket, Prefix, MaxKeys: 1 }), { abortSignal });
    },
    close: () => {
      client.destroy();
      signer.destroy();
    },
  };
}
