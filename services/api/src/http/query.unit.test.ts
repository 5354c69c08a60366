import { newJobId } from '@genfleet/job';
import { describe, expect, it } from '@jest/globals';
import { cursorAfter } from './cursor.ts';
import { filterOf, listQuerySchema, pageHeaders, parseQuery } from './query.ts';

const paths = (url: string) => {
  const parsed = parseQuery(listQuerySchema, url);
  return parsed.ok ? [] : parsed.faults.map(({ path }) => path);
};

describe('parseQuery', () => {
  it('fills in what was left out', () => {
    expect(parseQuery(listQuerySchema, '/images/')).toEqual({ ok: true, value: { limit: 20 } });
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

  it('leaves parameters alone that it does not know, also those without a name', () => {
    expect(paths('/images?&=&=1&x[y]=1&%ff=2')).toEqual([]);
  });

  it('reads filters, and refuses a status there is not', () => {
    const parsed = parseQuery(listQuerySchema, '/images?status=queued,running&grouping=a%2Fb');
    expect(parsed).toMatchObject({ ok: true, value: { status: ['queued', 'running'], grouping: 'a/b' } });
    expect(parseQuery(listQuerySchema, '/images?status=queued,lost')).toMatchObject({
      faults: [{ path: 'status', message: expect.stringMatching(/^"lost" is not one of .*queued/) }],
    });
  });

  it('refuses a parameter given twice, and leaves unknown ones alone', () => {
    expect(paths('/images?limit=1&limit=2')).toEqual(['limit']);
    expect(paths('/images?_=1')).toEqual([]);
  });
});

describe('a list by time and cursor', () => {
  const id = newJobId(1_772_366_400_000);

  it('is read as ids and Unix times', () => {
    const url = `/images?from=2026-03-01&to=2026-03-01T13:00:00%2B01:00&cursor=${cursorAfter(id)}&tenant=t`;
    const parsed = parseQuery(listQuerySchema, url);
    expect(parsed).toMatchObject({ ok: true, value: { cursor: id, tenant: 't' } });
    const [fromMs, toMs] = [Date.parse('2026-03-01T00:00:00Z'), Date.parse('2026-03-01T12:00:00Z')];
    expect(parsed.ok && filterOf('t', parsed.value)).toEqual({ tenant: 't', fromMs, toMs });
  });

  it.each([
    ['from=yesterday', ['from']],
    ['from=2026-13-01&to=2026-02-30T25:00Z', ['from', 'to']],
    ['from=2026-03-02&to=2026-03-01', ['to']],
    ['cursor=abc', ['cursor']],
    [`cursor=${cursorAfter(id)}&offset=0`, ['cursor']],
    ['tenant=', ['tenant']],
  ])('refuses %s', (query, expected) => {
    expect(paths(`/images/?${query}`)).toEqual(expected);
  });
});

describe('pageHeaders', () => {
  const id = newJobId(1_772_366_400_000);
  const next = cursorAfter(id);

  it('name the pages on both sides to who pages by offset, with the filters kept', () => {
    expect(
      pageHeaders('/images/?limit=2&offset=3&grouping=g', { limit: 2, offset: 3, jobs: 2, lastId: id }),
    ).toEqual({
      link: '</images/?limit=2&grouping=g&offset=1>; rel="prev", </images/?limit=2&grouping=g&offset=5>; rel="next"',
      'x-next-cursor': next,
    });
  });

  it('name the next page by its cursor to everybody else', () => {
    expect(pageHeaders('/images?cursor=old&status=dead', { limit: 20, jobs: 20, lastId: id })).toEqual({
      link: `</images?status=dead&limit=20&cursor=${next}>; rel="next"`,
      'x-next-cursor': next,
    });
  });

  it('go on by cursor behind a page that could not be filled', () => {
    expect(pageHeaders('/images?offset=0', { limit: 20, offset: 0, jobs: 3, lastId: id })).toMatchObject({
      link: `</images?limit=20&cursor=${next}>; rel="next"`,
    });
  });

  it('are not there when one page holds all', () => {
    expect(pageHeaders('/images', { limit: 20, offset: 0, jobs: 3, lastId: undefined })).toEqual({});
  });
});
