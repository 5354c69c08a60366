import type { ObjectStore, StoredObject } from '@genfleet/artifacts';
import { GenfleetError } from '@genfleet/job';

/** Called around each step that changes the store; what it throws is thrown by the step. */
export type Fault = (step: 'put' | 'claim', when: 'before' | 'after') => Promise<void>;

/** A store of a test, in memory. Several handles may share the objects, each with faults of its own. */
export function memoryObjects(
  objects: Map<string, Uint8Array>,
  fault: Fault = async () => undefined,
): ObjectStore {
  return {
    async put(key, bytes) {
      await fault('put', 'before');
      objects.set(key, bytes);
      await fault('put', 'after');
    },
    async putIfAbsent(key, bytes) {
      await fault('claim', 'before');
      const isFirst = !objects.has(key);
      if (isFirst) objects.set(key, bytes);
      await fault('claim', 'after');
      return isFirst;
    },
    async get(key) {
      const bytes = objects.get(key);
      if (!bytes) throw new GenfleetError('artifact_not_found', `no ${key}`);
      return bytes;
    },
    async *list(folder, after = ''): AsyncGenerator<StoredObject> {
      for (const key of [...objects.keys()].sort()) {
        const sizeBytes = objects.get(key)?.byteLength ?? 0;
        if (key.startsWith(`${folder}/`) && key > after) yield { key, sizeBytes };
      }
    },
    async delete(key) {
      objects.delete(key);
    },
    health: async () => undefined,
    close: async () => undefined,
  };
}
