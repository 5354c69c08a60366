import { createHash } from 'node:crypto';
import { GenfleetError } from '@genfleet/job';
import { z } from 'zod';
import type { Extent } from './cut.ts';
import { fileKey } from './layout.ts';

const segmentSchema = z.object({
  version: z.literal(1),
  topic: z.string(),
  /** The message that it follows: the last one of the segment before. Absent for the first. */
  after: z.string().optional(),
  first: z.string(),
  last: z.string(),
  messages: z.int().min(1),
  first_time_ms: z.int(),
  last_time_ms: z.int(),
  /** Key of its Parquet. */
  file: z.string(),
  size_bytes: z.int().min(0),
  sha256: z.string(),
});

/** A run of one topic's messages, from `first` to `last`, which is one file. */
export type Segment = z.output<typeof segmentSchema>;

export function segmentOf(
  topic: string,
  after: string | undefined,
  extent: Extent,
  bytes: Uint8Array,
): Segment {
  const { first, last, messages, firstTimeMs, lastTimeMs } = extent;
  return {
    ...{ version: 1, topic, ...(after === undefined ? {} : { after }), first, last, messages },
    ...{ first_time_ms: firstTimeMs, last_time_ms: lastTimeMs, file: fileKey(topic, extent) },
    ...{ size_bytes: bytes.byteLength, sha256: sha256Of(bytes) },
  };
}

export const sha256Of = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

export const encodeSegment = (segment: Segment) => Buffer.from(`${JSON.stringify(segment)}\n`);

/** @throws GenfleetError `ledger_failed` that names the record. */
export function decodeSegment(key: string, bytes: Uint8Array): Segment {
  try {
    return segmentSchema.parse(JSON.parse(Buffer.from(bytes).toString('utf8')));
  } catch (cause) {
    throw new GenfleetError('ledger_failed', `the archive's record ${key} is damaged`, {
      ...{ cause, retryable: false },
    });
  }
}
