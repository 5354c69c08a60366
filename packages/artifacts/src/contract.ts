import { randomBytes, randomUUID } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import type { ArtifactStore } from './artifact-store.ts';
import { codeOf, type Stores, sharedStore } from './contract-probe.ts';

export interface ArtifactsContract extends Stores<ArtifactStore> {
  readonly supports: {
    /** Gives out URLs that work without credentials, or the reason why not. */
    readonly urls: true | string;
  };
}

const JPEG = 'image/jpeg';
const NOT_KEYS = [
  '',
  '.',
  '..',
  '../x.jpg',
  'a/b.jpg',
  '/etc/passwd',
  'a\\b.jpg',
  'x\0.jpg',
  '.hid.jpg',
  'é.jpg',
];
const newKey = (extension = 'jpg') => `${randomUUID()}.${extension}`;

async function piecesOf(pieces: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const read: Uint8Array[] = [];
  for await (const piece of pieces) read.push(piece);
  return Buffer.concat(read);
}

/** The law of the ArtifactStore port. Every adapter runs it against the real store. */
export function describeArtifactsContract(name: string, contract: ArtifactsContract): void {
  describe(`artifacts contract: ${name}`, () => {
    const store = sharedStore(contract);

    it.each([0, 1, 70_000, 9_000_000])('gives back %d bytes as they were put', async (sizeBytes) => {
      const [key, bytes] = [newKey(), randomBytes(sizeBytes)];
      await store().put(key, bytes, JPEG);
      const stored = await store().get(key);
      expect(Buffer.compare(stored.bytes, bytes)).toBe(0);
      expect(stored.contentType).toBe(JPEG);
      expect(Buffer.compare(await piecesOf(store().read(key)), bytes)).toBe(0);
    });

    it('can be left in the middle of a file', async () => {
      const key = newKey();
      await store().put(key, randomBytes(9_000_000), JPEG);
      for await (const piece of store().read(key)) {
        expect(piece.byteLength).toBeLessThan(9_000_000);
        break;
      }
      expect((await store().get(key)).bytes.byteLength).toBe(9_000_000);
    });

    it('remembers the content type', async () => {
      const keys = { [newKey('png')]: 'image/png', [newKey('json')]: 'application/json', [newKey()]: JPEG };
      for (const [key, type] of Object.entries(keys)) await store().put(key, Buffer.from('x'), type);
      for (const [key, type] of Object.entries(keys)) expect((await store().get(key)).contentType).toBe(type);
    });

    it('shows what one handle put to another at once', async () => {
      const other = await contract.open();
      const key = newKey();
      await store().put(key, Buffer.from('one'), JPEG);
      expect(Buffer.from((await other.get(key)).bytes).toString()).toBe('one');
      await other.put(key, Buffer.from('two'), JPEG);
      expect(Buffer.from((await store().get(key)).bytes).toString()).toBe('two');
      await other.close();
    });

    it('lets one of several have a key that nobody has', async () => {
      const other = await contract.open();
      const key = newKey();
      const version = (index: number) => Buffer.alloc(100_000, index);
      const won = await Promise.all(
        Array.from({ length: 8 }, (_, index) =>
          (index % 2 ? store() : other).putIfAbsent(key, version(index), JPEG),
        ),
      );
      expect(won.filter(Boolean)).toHaveLength(1);
      expect(await store().putIfAbsent(key, Buffer.from('late'), JPEG)).toBe(false);
      const { bytes, contentType } = await other.get(key);
      expect(Buffer.compare(bytes, version(won.indexOf(true)))).toBe(0);
      expect(contentType).toBe(JPEG);
      await other.close();
    });

    it('never shows a part or a mixture while a key is written many times over', async () => {
      const key = newKey();
      const version = (index: number) => Buffer.alloc(200_000, index);
      await store().put(key, version(0), JPEG);
      const writes = Promise.all(
        Array.from({ length: 20 }, (_, index) => store().put(key, version(index), JPEG)),
      );
      let writing = true;
      const written = writes.finally(() => {
        writing = false;
      });
      let reads = 0;
      do {
        const { bytes } = await store().get(key);
        expect(bytes.byteLength).toBe(200_000);
        expect(Buffer.compare(bytes, version(bytes[0] ?? 0))).toBe(0);
        reads += 1;
      } while (writing);
      await written;
      expect(reads).toBeGreaterThan(0);
    });

    it('says that nothing is there', async () => {
      expect(await codeOf(store().get(newKey()))).toBe('artifact_not_found');
      expect(await codeOf(piecesOf(store().read(newKey())))).toBe('artifact_not_found');
    });

    it('deletes, and does not mind when there is nothing', async () => {
      const key = newKey();
      await store().put(key, Buffer.from('x'), JPEG);
      await store().delete(key);
      await store().delete(key);
      expect(await codeOf(store().get(key))).toBe('artifact_not_found');
    });

    it.each(NOT_KEYS)('takes no key that could be another place: %j', async (key) => {
      const put = store().put(key, Buffer.from('x'), JPEG);
      await expect(put).rejects.toMatchObject({ code: 'artifacts_failed', retryable: false });
      expect(await codeOf(store().get(key))).toBe('artifact_not_found');
      expect(await codeOf(piecesOf(store().read(key)))).toBe('artifact_not_found');
      expect(await codeOf(store().url(key, 60))).toBe('artifact_not_found');
      expect(await codeOf(store().delete(key))).toBe('artifact_not_found');
    });

    it('takes no content type that the name contradicts', async () => {
      const put = store().put(newKey('png'), Buffer.from('x'), JPEG);
      await expect(put).rejects.toMatchObject({ code: 'artifacts_failed', retryable: false });
    });

    urlContract(store, contract.supports.urls);

    it('is healthy, and is closed once it was closed', async () => {
      const other = await contract.open();
      await other.health();
      await other.close();
      await other.close();
      const calls = [
        other.put(newKey(), Buffer.from('x'), JPEG),
        other.putIfAbsent(newKey(), Buffer.from('x'), JPEG),
        other.get(newKey()),
        piecesOf(other.read(newKey())),
        other.url(newKey(), 60),
        other.delete(newKey()),
        other.health(),
      ];
      for (const code of await Promise.all(calls.map(codeOf))) expect(code).toBe('closed');
    });
  });
}

function urlContract(store: () => ArtifactStore, supported: true | string): void {
  if (supported !== true) {
    it(`gives no URL (${supported})`, async () => {
      expect(await store().url(newKey(), 60)).toBeUndefined();
    });
    return;
  }

  it('gives a URL that works without credentials, for reading alone', async () => {
    const [key, bytes] = [newKey(), randomBytes(1_000)];
    await store().put(key, bytes, JPEG);
    const url = (await store().url(key, 60)) ?? '';
    const response = await fetch(url);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe(JPEG);
    expect(Buffer.compare(Buffer.from(await response.arrayBuffer()), bytes)).toBe(0);
    const write = await fetch(url, { method: 'PUT', body: 'x' });
    expect(write.status).toBe(403);
    expect((await store().get(key)).bytes.byteLength).toBe(1_000);
  });

  it('gives a URL that ends', async () => {
    const key = newKey();
    await store().put(key, Buffer.from('x'), JPEG);
    const url = (await store().url(key, 1)) ?? '';
    const endsMs = Date.now() + 30_000;
    let status = 200;
    while (status === 200 && Date.now() < endsMs) {
      await new Promise((resolve) => setTimeout(resolve, 500));
      status = (await fetch(url)).status;
    }
    expect(status).toBe(403);
  });
}
