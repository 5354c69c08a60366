import { randomUUID } from 'node:crypto';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { describeObjectsContract } from '@genfleet/artifacts/object-contract';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { provide } from '../../../tools/provision/components.ts';
import { openS3Objects } from './s3-objects.ts';

const s3 = await provide('s3');

if ('missing' in s3) {
  describe('objects over S3', () => {
    it.skip(`needs an S3 server: ${s3.missing}`, () => undefined);
  });
} else {
  const { endpoint, region, accessKeyId, secretAccessKey } = s3;
  const credentials = { accessKeyId, secretAccessKey };
  const bucket = `genfleet-${randomUUID()}`;
  const options = { bucket, prefix: 'archive', region, endpoint, forcePathStyle: true, credentials };
  beforeAll(async () => {
    const client = new S3Client({ region, endpoint, forcePathStyle: true, credentials });
    await client.send(new CreateBucketCommand({ Bucket: bucket }));
    client.destroy();
  });

  describeObjectsContract('S3', { open: async () => openS3Objects(options) });

  describe('objects over S3', () => {
    it('lists more than a page', async () => {
      const store = openS3Objects(options);
      const names = Array.from({ length: 1_003 }, (_, index) => `many/${String(index).padStart(5, '0')}`);
      for (let at = 0; at < names.length; at += 100) {
        await Promise.all(names.slice(at, at + 100).map((name) => store.put(name, Buffer.from('x'))));
      }
      const found: string[] = [];
      for await (const { key } of store.list('many')) found.push(key);
      expect(found).toEqual(names);
      await store.close();
    });

    it('says which bucket is not there', async () => {
      const store = openS3Objects({ ...options, bucket: 'not-there-at-all' });
      const refused = {
        code: 'artifacts_failed',
        message: expect.stringMatching(/not-there-at-all does not/),
      };
      await expect(store.putIfAbsent('a', Buffer.from('x'))).rejects.toMatchObject(refused);
      await expect(store.list('a')[Symbol.asyncIterator]().next()).rejects.toMatchObject(refused);
      await store.close();
    });
  });
}
