import { randomUUID } from 'node:crypto';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import type { Addresses } from '../../../tools/provision/addresses.ts';

/** Makes a bucket of this test's own; what the services need in their environment to use it. */
export async function bucketEnv(s3: Addresses['s3']): Promise<Record<string, string>> {
  const { endpoint, region, accessKeyId, secretAccessKey } = s3;
  const bucket = `fleet-${randomUUID()}`;
  const credentials = { accessKeyId, secretAccessKey };
  const client = new S3Client({ region, endpoint, forcePathStyle: true, credentials });
  await client.send(new CreateBucketCommand({ Bucket: bucket }));
  client.destroy();
  return {
    ARTIFACTS_URL: `s3://${bucket}/images`,
    S3_ENDPOINT: endpoint,
    S3_REGION: region,
    S3_FORCE_PATH_STYLE: 'true',
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
  };
}
