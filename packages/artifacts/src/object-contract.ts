import { randomBytes, randomUUID } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { codeOf, type Stores, sharedStore } from './contract-probe.ts';
import type { ObjectStore, StoredObject } from './object-store.ts';

export type ObjectsContract = Stores<ObjectStore>;

const NOT_KEYS = [
  '',
  '.',
  '..',
  '../x',
  'a/../b',
  '/etc/passwd',
  'a//b',
  'a/',
  'a\\b',
  'x\0',
  '.hid',
  'a/.hid',
];

async function listed(objects: AsyncIterable<StoredObject>): Promise<StoredObject[]> {
  const found: StoredObject[] = [];
  for await (const object of objects) found.push(object);
  return found;
}

/** The law of the ObjectStore port. Every adapter runs it against the real store. */
export function describeObjectsContract(name: string, contract: ObjectsContract): void {
  describe(`objects contract: ${name}`, () => {
    const store = sharedStore(contract);
    const newFolder = () => `of=${randomUUID()}`;

    it.each([0, 1, 9_000_000])('gives back %d bytes as they were put, in folders', async (sizeBytes) => {
      const [key, bytes] = [`${newFolder()}/_b/c.parquet`, randomBytes(sizeBytes)];
      await store().put(key, bytes);
      expect(Buffer.compare(await store().get(key), bytes)).toBe(0);
      await store().put(key, Buffer.from('again'));
      expect(Buffer.from(await store().get(key)).toString()).toBe('again');
    });

    it('puts what is absent once, whoever else tries', async () => {
      const key = `${newFolder()}/once.json`;
      const others = await Promise.all([contract.open(), contract.open()]);
      const tries = [store(), ...others].flatMap((each, handle) =>
        Array.from({ length: 4 }, (_, index) => ({ each, text: `${handle} ${index}` })),
      );
      const answers = await Promise.all(
        tries.map(async ({ each, text }) => ({ text, won: await each.putIfAbsent(key, Buffer.from(text)) })),
      );
      const winners = answers.filter(({ won }) => won);
      expect(winners).toHaveLength(1);
      expect(Buffer.from(await store().get(key)).toString()).toBe(winners[0]?.text);
      expect(await store().putIfAbsent(key, Buffer.from('late'))).toBe(false);
      await store().delete(key);
      expect(await store().putIfAbsent(key, Buffer.from('anew'))).toBe(true);
      await Promise.all(others.map((other) => other.close()));
    });

    it('lists a folder in the order of its keys, from any of them on', async () => {
      const folder = newFolder();
      expect(await listed(store().list(folder))).toEqual([]);
      const names = ['dt=1/b', 'dt=1/a.b', 'dt=1/a/c', 'dt=2/a', 'a=1', 'a', '_first/x'];
      for (const [index, name] of names.entries())
        await store().put(`${folder}/${name}`, Buffer.alloc(index));
      await store().put(`${folder}-beside/x`, Buffer.alloc(1));
      const expected = names.map((name, sizeBytes) => ({ key: `${folder}/${name}`, sizeBytes }));
      expected.sort((a, b) => (a.key < b.key ? -1 : 1));
      expect(await listed(store().list(folder))).toEqual(expected);
      expect(await listed(store().list(folder, expected[2]?.key))).toEqual(expected.slice(3));
      expect(await listed(store().list(`${folder}/dt=1`))).toHaveLength(3);
    });

    it('says that nothing is there, and deletes it without minding', async () => {
      const key = `${newFolder()}/x`;
      expect(await codeOf(store().get(key))).toBe('artifact_not_found');
      await store().put(key, Buffer.from('x'));
      await store().delete(key);
      await store().delete(key);
      expect(await codeOf(store().get(key))).toBe('artifact_not_found');
    });

    it.each(NOT_KEYS)('takes no key that could be another place: %j', async (key) => {
      const refused = { code: 'artifacts_failed', retryable: false };
      await expect(store().put(key, Buffer.from('x'))).rejects.toMatchObject(refused);
      await expect(store().putIfAbsent(key, Buffer.from('x'))).rejects.toMatchObject(refused);
      expect(await codeOf(store().get(key))).toBe('artifact_not_found');
      expect(await codeOf(store().delete(key))).toBe('artifact_not_found');
      expect(await codeOf(listed(store().list(key)))).toBe('artifact_not_found');
    });

    it('is healthy, and is closed once it was closed', async () => {
      const other = await contract.open();
      await other.health();
      await other.close();
      await other.close();
      const calls = [
        other.put('a', Buffer.from('x')),
        other.putIfAbsent('a', Buffer.from('x')),
        other.get('a'),
        listed(other.list('a')),
        other.delete('a'),
        other.health(),
      ];
      for (const code of await Promise.all(calls.map(codeOf))) expect(code).toBe('closed');
    });
  });
}
