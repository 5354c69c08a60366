import type { Readable } from 'node:stream';
import { GenfleetError } from '@genfleet/job';
import type { S3Object } from './s3-connection.ts';

/** Larger objects are not ours. Bounds what one `get` takes in memory. */
const MAX_BYTES = 128 * 1024 * 1024;

/** All of it. @throws GenfleetError `artifacts_failed` for what is too large. */
export async function collect(
  key: string,
  { body, sizeBytes }: Pick<S3Object, 'body' | 'sizeBytes'>,
  signal: AbortSignal,
): Promise<Buffer> {
  if (sizeBytes !== undefined && sizeBytes > MAX_BYTES) {
    body.destroy();
    throw new GenfleetError('artifacts_failed', `${key} has ${sizeBytes} bytes`, { retryable: false });
  }
  const chunks: Buffer[] = [];
  for await (const chunk of pieces(body, signal)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** The body as it comes; a server that stops sending ends it by the signal. */
export async function* pieces(body: Readable, signal: AbortSignal): AsyncGenerator<Buffer> {
  let sizeBytes = 0;
  const stop = () => body.destroy(signal.reason as Error);
  signal.addEventListener('abort', stop, { once: true });
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      sizeBytes += chunk.byteLength;
      if (sizeBytes > MAX_BYTES) throw new Error(`more than ${MAX_BYTES} bytes`);
      yield chunk;
    }
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
