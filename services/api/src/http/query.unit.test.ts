import { describe, expect, it } from '@jest/globals';
import { listQuerySchema, pageLinks, pageQuerySchema, parseQuery } from './query.ts';

const paths = (url: string) => {
  const parsed = parseQuery(listQuerySchema, url);
  return parsed.ok ? [] : parsed.faults.map(({ path }) => path);
};

describe('parseQuery', () => {
  it('fills in what was left out', () => {
    expect(parseQuery(pageQuerySchema, '/images/')).toEqual({ ok: true, value: { limit: 20, offset: 0 } });
  });

  // the cases of the seed's own test
  it.each([
    ['-1', '0', ['limit']],
    ['1', '-1', ['offset']],
    ['0', '-1', ['limit', 'offset']],
    ['notanint', '0', ['limit']],
    ['1', 'notanint', ['offset']],
    ['999999999999999999999999999', '0', ['limit']],
    ['@', '0', ['limit']],
    ['0', '@', ['limit', 'offset']],
    ['101', '0', ['limit']],
    ['', '0', ['limit']],
    ['1.5', '0', ['limit']],
  ])('refuses limit=%s offset=%s', (limit, offset, expected) => {
    expect(paths(`/images/?limit=${encodeURIComponent(limit)}&offset=${encodeURIComponent(offset)}`)).toEqual(
      expected,
    );
  });

  it('reads filters, and refuses a status there is not', () => {
    const parsed = parseQuery(listQuerySchema, '/images?status=queued,running&grouping=a%2Fb');
    expect(parsed).toMatchObject({ ok: true, value: { status: ['queued', 'running'], grouping: 'a/b' } });
    expect(paths('/images?status=queued,lost')).toEqual(['status.1']);
  });

  it('refuses a parameter given twice, and leaves unknown ones alone', () => {
    expect(paths('/images?limit=1&limit=2')).toEqual(['limit']);
    expect(paths('/images?_=1')).toEqual([]);
  });
});

describe('pageLinks', () => {
  it('names the pages on both sides, with the filters kept', () => {
    const links = pageLinks('/images/?limit=2&offset=3&grouping=g', { limit: 2, offset: 3 }, 9);
    expect(links).toBe(
      '</images/?limit=2&offset=1&grouping=g>; rel="prev", </images/?limit=2&offset=5&grouping=g>; rel="next"',
    );
  });

  it('is not there when one page holds all', () => {
    expect(pageLinks('/images', { limit: 20, offset: 0 }, 20)).toBeUndefined();
  });
});
