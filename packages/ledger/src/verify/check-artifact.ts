import { createHash } from 'node:crypto';
import type { ArtifactStore } from '@genfleet/artifacts';
import { GenfleetError } from '@genfleet/job';
import type { TracedFile } from './trace.ts';
import type { Violation } from './violation.ts';

/** What is wrong with a file that a job is recorded to have made; undefined when it is there, byte for byte. */
export async function checkArtifact(
  store: Pick<ArtifactStore, 'read'>,
  { key, size_bytes, sha256 }: TracedFile,
): Promise<Pick<Violation, 'code' | 'expected' | 'found'> | undefined> {
  const expected = `${key} of ${size_bytes} bytes with SHA-256 ${sha256}`;
  const hash = createHash('sha256');
  let sizeBytes = 0;
  try {
    for await (const chunk of store.read(key)) {
      sizeBytes += chunk.byteLength;
      hash.update(chunk);
    }
  } catch (thrown) {
    const { code, message } = GenfleetError.from(thrown, 'artifacts_failed');
    if (code === 'artifact_not_found')
      return { code: 'artifact_missing', expected, found: 'no such artifact' };
    return { code: 'artifact_unreadable', expected, found: message };
  }
  const found = hash.digest('hex');
  if (sizeBytes === size_bytes && found === sha256) return undefined;
  return { code: 'artifact_changed', expected, found: `${sizeBytes} bytes with SHA-256 ${found}` };
}
