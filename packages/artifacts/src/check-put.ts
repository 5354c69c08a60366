import { GenfleetError } from '@genfleet/job';
import { contentTypeOf, isArtifactKey } from './artifact-key.ts';
import { isObjectKey } from './object-key.ts';

/** What every store refuses before it touches anything. @throws GenfleetError `artifacts_failed`, not retryable. */
export function checkPut(key: string, contentType: string): void {
  if (!isArtifactKey(key)) throw refused(`not an artifact key: ${JSON.stringify(key.slice(0, 200))}`);
  const expected = contentTypeOf(key);
  if (expected === undefined) throw refused(`no content type is known for ${key}`);
  if (expected !== contentType) throw refused(`${key} can't hold ${contentType}, its name says ${expected}`);
}

/** @throws GenfleetError `artifact_not_found`: nothing can be stored under such a name. */
export function checkKey(key: string): void {
  if (!isArtifactKey(key)) {
    throw new GenfleetError(
      'artifact_not_found',
      `not an artifact key: ${JSON.stringify(key.slice(0, 200))}`,
    );
  }
}

/** What a store of objects refuses to put. @throws GenfleetError `artifacts_failed`, not retryable. */
export function checkObjectPut(key: string): void {
  if (!isObjectKey(key)) throw refused(`not a key: ${JSON.stringify(key.slice(0, 200))}`);
}

/** @throws GenfleetError `artifact_not_found`: nothing can be stored under such a key, or in such a folder. */
export function checkObjectKey(key: string): void {
  if (!isObjectKey(key)) {
    throw new GenfleetError('artifact_not_found', `not a key: ${JSON.stringify(key.slice(0, 200))}`);
  }
}

const refused = (message: string) => new GenfleetError('artifacts_failed', message, { retryable: false });
