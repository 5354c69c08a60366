import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateBucketCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { describeArtifactsContract } from '@genfleet/artifacts/contract';
import { GenfleetError } from '@genfleet/job';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { freePorts, provide } from '../../../tools/provision/components.ts';
import { runScript } from '../../../tools/provision/script.ts';
import { openUnreliableLink } from '../test/unreliable-link.ts';
import type { S3StoreOptions } from './s3-bucket.ts';
import { openS3Store } from './s3-store.ts';

const JPEG = 'image/jpeg';
const ALL_BUT_DATE = [
  ...([
    'setTimeout',
    'clearTimeout',
    'setInterval',
    'clearInterval',
    'setImmediate',
    'clearImmediate',
  ] as const),
  ...(['nextTick', 'queueMicrotask', 'performance', 'hrtime'] as const),
];
const s3 = await provide('s3');
const bucket = `genfleet-${randomUUID()}`;
const bytes = Buffer.alloc(300_000, 7);
/** `code: message` of what a call threw. */
async function faultOf(call: Promise<unknown>): Promise<string> {
  const thrown: unknown = await call.then(
    () => 'nothing was thrown',
    (error: unknown) => error,
  );
  return thrown instanceof GenfleetError ? `${thrown.code}: ${thrown.message}` : String(thrown);
}
const newKey = () => `${randomUUID()}.jpg`;

if ('missing' in s3) {
  describe('the store over S3', () => {
    it.skip(`needs an S3 server: ${s3.missing}`, () => undefined);
  });
} else {
  const { endpoint, region, accessKeyId, secretAccessKey } = s3;
  const credentials = { accessKeyId, secretAccessKey };
  const options: S3StoreOptions = {
    bucket,
    prefix: 'pictures/made',
    region,
    endpoint,
    forcePathStyle: true,
    credentials,
  };
  const client = new S3Client({ region, endpoint, forcePathStyle: true, credentials });
  beforeAll(async () => {
    await client.send(new CreateBucketCommand({ Bucket: bucket }));
  });
  afterAll(() => client.destroy());

  describeArtifactsContract('S3', { open: async () => openS3Store(options), supports: { urls: true } });

  describe('the store over S3, under a clock that is hours wrong', () => {
    const trueNow = Date.now;
    const store = openS3Store({ ...options, nowMs: trueNow });
    afterEach(() => {
      jest.useRealTimers();
    });
    afterAll(() => store.close());

    it.each([3, -3, 0])('signs with the time that it was given, %i hours off', async (hours) => {
      const key = newKey();
      jest.useFakeTimers({ now: trueNow() + hours * 3_600_000, doNotFake: ALL_BUT_DATE });
      await store.put(key, bytes, JPEG);
      const url = await store.url(key, 60);
      expect((await store.get(key)).bytes).toHaveLength(bytes.length);
      jest.useRealTimers();
      expect((await fetch(url ?? '')).status).toBe(200);
      // and at once after it was set right
      expect((await store.get(key)).bytes).toHaveLength(bytes.length);
    });
  });

  describe('the store over S3', () => {
    it('signs for the address that clients use, when that is another one', async () => {
      const store = openS3Store({ ...options, publicEndpoint: 'https://pictures.example.org' });
      const key = newKey();
      await store.put(key, bytes, JPEG);
      const url = new URL((await store.url(key, 60)) ?? '');
      expect(url.origin).toBe('https://pictures.example.org');
      expect(url.pathname).toBe(`/${bucket}/pictures/made/${key}`);
      // a signature covers the host: as whoever passes the request on must, it is asked for by its public name
      const answer = await fetch(`${endpoint}${url.pathname}${url.search}`);
      expect(answer.status).toBe(403);
      await store.close();
    });

    it('puts everything under its prefix', async () => {
      const [store, key] = [openS3Store(options), newKey()];
      await store.put(key, bytes, JPEG);
      const { Contents } = await client.send(
        new ListObjectsV2Command({ Bucket: bucket, Prefix: 'pictures/made/' }),
      );
      expect(Contents?.map((object) => object.Key)).toContain(`pictures/made/${key}`);
      await store.close();
    });

    it('does not take a server for a store that is not whole', async () => {
      const faults: [Partial<S3StoreOptions>, RegExp][] = [
        [{ credentials: { accessKeyId, secretAccessKey: 'wrong' } }, /credentials were refused/],
        [{ credentials: { accessKeyId: 'nobody', secretAccessKey } }, /credentials were refused/],
        [{ bucket: `missing-${randomUUID()}` }, /the bucket missing-\S+ does not exist/],
        [{ endpoint: 'http://127.0.0.1:1' }, /at http:\/\/127.0.0.1:1: nobody answers \(ECONNREFUSED\)/],
        [{ endpoint: 'http://no-such-host.invalid' }, /nobody answers \((ENOTFOUND|EAI_AGAIN)\)/],
      ];
      for (const [fault, message] of faults) {
        const store = openS3Store({ ...options, ...fault });
        expect(await faultOf(store.put(newKey(), bytes, JPEG))).toMatch(message);
        expect(await faultOf(store.get(newKey()))).toMatch(message);
        expect(await faultOf(store.delete(newKey()))).toMatch(message);
        expect(await faultOf(store.health())).toMatch(message);
        await store.close();
      }
    });
  });

  describe('the store over an unreliable link to S3', () => {
    const timeoutMs = 3_000;
    let link: Awaited<ReturnType<typeof openUnreliableLink>>;
    beforeAll(async () => {
      const { hostname, port } = new URL(endpoint);
      link = await openUnreliableLink({ host: hostname, port: Number(port) });
    });
    afterAll(() => link.close());
    const open = () => openS3Store({ ...options, endpoint: link.url, timeoutMs });

    it('tries again what was cut, whichever way the bytes went', async () => {
      const [store, key] = [open(), newKey()];
      link.set({ do: 'cut', afterBytes: 0, times: 2 });
      await store.put(key, bytes, JPEG);
      link.set({ do: 'cut', afterBytes: 0, times: 2 });
      expect((await store.get(key)).bytes.byteLength).toBe(bytes.byteLength);
      await store.close();
    });

    it('does not try for ever', async () => {
      const store = open();
      link.set({ do: 'cut', afterBytes: 0, times: 1_000 });
      const before = link.connections();
      await expect(store.put(newKey(), bytes, JPEG)).rejects.toMatchObject({ code: 'artifacts_failed' });
      expect(link.connections() - before).toBe(3);
      await store.close();
    });

    it('gives up on a server that answers nothing, and on one that stops in the middle', async () => {
      const [store, key] = [open(), newKey()];
      link.set({ do: 'pass' });
      await store.put(key, bytes, JPEG);
      const late = /^artifacts_failed: .*no answer in time/;
      const startedMs = Date.now();
      link.set({ do: 'swallow' });
      expect(await faultOf(store.put(newKey(), bytes, JPEG))).toMatch(late);
      expect(await faultOf(store.health())).toMatch(late);
      link.set({ do: 'stall', afterBytes: 10_000 });
      expect(await faultOf(store.get(key))).toMatch(late);
      expect(Date.now() - startedMs).toBeLessThan(3 * timeoutMs + 10_000);
      link.set({ do: 'pass' });
      expect((await store.get(key)).bytes.byteLength).toBe(bytes.byteLength);
      await store.close();
    });
  });

  describe('the store over an S3 server that is killed', () => {
    const directory = mkdtempSync(join(tmpdir(), 'genfleet-s3-'));
    let env: Record<string, string> = {};
    const server = (verb: 'start' | 'stop') => runScript('s3', [verb], env);
    beforeAll(async () => {
      const [port] = await freePorts(1);
      env = { DIR: directory, PORT: String(port), ACCESS_KEY: accessKeyId, SECRET_KEY: secretAccessKey };
      await server('start');
    }, 300_000);
    afterAll(async () => {
      await server('stop');
      rmSync(directory, { recursive: true, force: true });
    }, 60_000);

    it('fails with the reason while it is down, and works again on the same handle once it is back', async () => {
      const own = { ...options, endpoint: `http://127.0.0.1:${env['PORT']}`, region: 'us-east-1' };
      const { endpoint: address, credentials = { accessKeyId, secretAccessKey } } = own;
      const admin = new S3Client({
        region: own.region,
        endpoint: address,
        forcePathStyle: true,
        credentials,
      });
      await admin.send(new CreateBucketCommand({ Bucket: bucket }));
      admin.destroy();
      const [store, key] = [openS3Store(own), newKey()];
      await store.put(key, bytes, JPEG);
      process.kill(Number(readFileSync(join(directory, 's3.pid'), 'utf8')), 'SIGKILL');
      await server('stop');
      const down = /^artifacts_failed: .*nobody answers/;
      expect(await faultOf(store.put(newKey(), bytes, JPEG))).toMatch(down);
      expect(await faultOf(store.get(key))).toMatch(down);
      expect(await faultOf(store.health())).toMatch(down);
      await server('start');
      await store.health();
      expect((await store.get(key)).bytes.byteLength).toBe(bytes.byteLength);
      await store.put(newKey(), bytes, JPEG);
      await store.close();
    }, 120_000);
  });
}
