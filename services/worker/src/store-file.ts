import { createHash } from 'node:crypto';
import type { ArtifactStore } from '@genfleet/artifacts';
import type { FileRef } from '@genfleet/job';
import { retry } from './retry.ts';

const STORE_PATIENCE_MS = 10_000;

/** Puts a file into the store, trying again for a while, and answers how it is found and recognised there. */
export async function storeFile(
  artifacts: ArtifactStore,
  key: string,
  bytes: Uint8Array,
  contentType: string,
): Promise<FileRef> {
  await retry(() => artifacts.put(key, bytes, contentType), { patienceMs: STORE_PATIENCE_MS });
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return { key, content_type: contentType, size_bytes: bytes.byteLength, sha256 };
}
