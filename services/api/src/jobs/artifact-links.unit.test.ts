import { describe, expect, it } from '@jest/globals';
import { ArtifactLinks } from './artifact-links.ts';

function links(url: string | undefined) {
  const asked: string[] = [];
  const clock = { nowMs: 0 };
  const store = {
    url: async (key: string) => {
      asked.push(key);
      return url === undefined ? undefined : `${url}/${key}?n=${asked.length}`;
    },
  };
  return { asked, clock, links: new ArtifactLinks(store, 60, () => clock.nowMs) };
}

describe('ArtifactLinks', () => {
  it('leads to this API when the store has no URLs, on the address the client used', async () => {
    const { links: local } = links(undefined);
    expect(await local.url('a.jpg', 'http://one')).toBe('http://one/artifacts/a.jpg');
    expect(await local.url('a.jpg', 'http://two')).toBe('http://two/artifacts/a.jpg');
  });

  it('signs again only when half the life of a URL is over', async () => {
    const { asked, clock, links: signed } = links('https://s3');
    expect(await signed.url('a.jpg', '')).toBe('https://s3/a.jpg?n=1');
    clock.nowMs = 29_999;
    expect(await signed.url('a.jpg', '')).toBe('https://s3/a.jpg?n=1');
    clock.nowMs = 30_000;
    expect(await signed.url('a.jpg', '')).toBe('https://s3/a.jpg?n=2');
    expect(asked).toHaveLength(2);
  });

  it('keeps a bounded number', async () => {
    const { asked, links: signed } = links('https://s3');
    for (let index = 0; index <= 1_000; index += 1) await signed.url(`${index}.jpg`, '');
    await signed.url('1000.jpg', '');
    expect(asked).toHaveLength(1_001);
    await signed.url('0.jpg', '');
    expect(asked).toHaveLength(1_002);
  });
});
