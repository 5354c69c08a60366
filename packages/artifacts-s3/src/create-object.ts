import type { S3Connection } from './s3-connection.ts';

/** Puts what nothing stands in the place of yet; false when something does. Throws the SDK's errors. */
export async function createObject(
  s3: S3Connection,
  key: string,
  bytes: Uint8Array,
  contentType: string,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    await s3.create(key, bytes, contentType, signal);
    return true;
  } catch (error) {
    if (isTaken(error)) return false;
    throw error;
  }
}

/** 412: something is there. 409: another one is putting it at this moment. */
function isTaken(error: unknown): boolean {
  const { $metadata } = error as { $metadata?: { httpStatusCode?: number } };
  return $metadata?.httpStatusCode === 412 || $metadata?.httpStatusCode === 409;
}
