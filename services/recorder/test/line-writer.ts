import type { SegmentWriter } from '@genfleet/archive';

/** Files of a test: message ids, one a line. */
export const lineWriter: SegmentWriter = {
  async begin() {
    const ids: string[] = [];
    return {
      add: (messages) => void ids.push(...messages.map(({ messageId }) => messageId)),
      flush: async () => undefined,
      finish: async () => Buffer.from(ids.join('\n')),
      discard: async () => undefined,
    };
  },
  close: async () => undefined,
};

/** The messages in all files under these keys, as often as they are there, in the order of the files' names. */
export function archivedIds(objects: ReadonlyMap<string, Uint8Array>): string[] {
  return [...objects]
    .filter(([key]) => key.endsWith('.parquet'))
    .flatMap(([, bytes]) => Buffer.from(bytes).toString().split('\n'))
    .sort();
}
