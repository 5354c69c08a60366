import { hash } from 'node:crypto';
import type { ArtifactStore } from '@genfleet/artifacts';
import type { FileRef } from '@genfleet/job';
import { retry } from './retry.ts';

const STORE_PATIENCE_MS = 10_000;

/**
 * Puts a file into the store, trying again for a while, and answers how it is found and recognised there. A job that is
 * run a second time has the file of its first run, and not the one it made now: whoever was told of that must find it.
 * So nobody takes a file away whose own run then does not count: the outcome of another may name it.
 */
export async function storeFile(
  artifacts: ArtifactStore,
  key: string,
  bytes: Uint8Array,
  contentType: string,
): Promise<FileRef> {
  const stored = await retry(
    async () => {
      const isNew = await artifacts.putIfAbsent(key, bytes, contentType);
      return isNew ? bytes : (await artifacts.get(key)).bytes;
    },
    { patienceMs: STORE_PATIENCE_MS },
  );
  return { key, content_type: contentType, size_bytes: stored.byteLength, sha256: hash('sha256', stored) };
}
