/**
 * The process that the tests kill: `put-until-killed.ts DIRECTORY SIZE COUNT`. Puts artifacts for ever or COUNT
 * times, and prints the outcome of each as one line; writes to a pipe are synchronous, so what was printed was true.
 */

import { openFileStore } from '@genfleet/artifacts-file';
import { GenfleetError } from '@genfleet/job';

const [directory = '', size = '', count = ''] = process.argv.slice(2);
const store = await openFileStore({ directory });
const sizeBytes = Number(size);
const limit = count === '' ? Number.POSITIVE_INFINITY : Number(count);

for (let index = 0; index < limit; index++) {
  const key = `${index}.jpg`;
  try {
    await store.put(key, Buffer.alloc(sizeBytes, index % 251), 'image/jpeg');
    process.stdout.write(`${JSON.stringify({ key })}\n`);
  } catch (error) {
    if (!(error instanceof GenfleetError)) throw error;
    const { code, message, retryable } = error;
    process.stdout.write(`${JSON.stringify({ key, code, message, retryable })}\n`);
  }
}
