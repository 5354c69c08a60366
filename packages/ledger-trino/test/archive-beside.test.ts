/** An archive of the topics that a real Trino reads, in the S3 that it knows; holds no tests itself. */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { makeFolders, type SegmentWriter, trinoTables } from '@genfleet/archive';
import { openParquetWriter } from '@genfleet/archive-parquet';
import type { ObjectStore } from '@genfleet/artifacts';
import { openS3Objects } from '@genfleet/artifacts-s3';
import { Trino } from 'trino-client';
import type { Missing, provide } from '../../../tools/provision/components.ts';

/** Of what is no query and hence no business of the ledger's. @throws Error with what Trino says. */
export async function execute(url: string, statements: readonly string[], user = 'genfleet'): Promise<void> {
  const client = Trino.create({
    ...{ server: `http://${new URL(url).host}`, extraHeaders: { 'X-Trino-User': user } },
  });
  for (const sql of statements) {
    for await (const page of await client.query(sql)) if (page.error) throw new Error(page.error.message);
  }
}

export interface TestArchive {
  readonly objects: ObjectStore;
  readonly writer: SegmentWriter;
  /** As tables have it. */
  readonly location: string;
  close(): Promise<void>;
}

/** An archive with nothing in it, in a bucket of its own. */
export async function openTestArchive(
  s3: Exclude<Awaited<ReturnType<typeof provide<'s3'>>>, Missing>,
): Promise<TestArchive> {
  const { endpoint, region, accessKeyId, secretAccessKey } = s3;
  const access = { region, endpoint, forcePathStyle: true, credentials: { accessKeyId, secretAccessKey } };
  const bucket = `genfleet-${randomUUID()}`;
  const client = new S3Client(access);
  await client.send(new CreateBucketCommand({ Bucket: bucket }));
  client.destroy();
  const directory = mkdtempSync(join(tmpdir(), 'genfleet-archive-'));
  const objects = openS3Objects({ ...access, bucket, prefix: 'archive' });
  const writer = await openParquetWriter({ directory });
  return {
    ...{ objects, writer, location: `s3://${bucket}/archive` },
    async close() {
      await Promise.all([objects.close(), writer.close()]);
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** What an operator does once: the archive's tables in the Trino that reads the topics. */
export async function createTables(
  { objects, location }: TestArchive,
  { url, catalog, schemaName }: { url: string; catalog: string; schemaName: string },
): Promise<void> {
  await makeFolders(objects);
  await execute(url, trinoTables(schemaName, location, catalog), 'admin');
}
