import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SegmentWriter } from '@genfleet/archive';

/** What makes the files of an archive. It keeps open ones in the folder for temporary files. @throws GenfleetError. */
export async function openSegmentWriter(): Promise<SegmentWriter> {
  const directory = join(tmpdir(), 'genfleet-recorder');
  return (await import('@genfleet/archive-parquet')).openParquetWriter({ directory });
}
