import { describe, expect, it } from '@jest/globals';
import {
  boundsOf,
  filterOf,
  fromLocalTime,
  isChanged,
  type JobFilter,
  jobsHref,
  localTime,
  NO_FILTER,
  periodOf,
} from './filter.ts';

const NOW_MS = Date.parse('2026-03-02T12:00:00.000Z');
const queryOf = (href: string) => href.split('?')[1] ?? '';

describe('filterOf and jobsHref', () => {
  const FULL: JobFilter = {
    kind: 'txt2img',
    status: ['running', 'dead'],
    model: 'sd 1.5 & more',
    tenant: 'käse',
    grouping: 'a=b,c#d',
    last: '',
    from: '2026-03-01T00:00:00.000Z',
    to: '2026-03-02T00:00:00.000Z',
    charts: true,
  };

  it.each([
    ['no filter', NO_FILTER],
    ['all of them', FULL],
    ['a range up to now', { ...NO_FILTER, last: '7d' as const }],
    ['names like ranges', { ...NO_FILTER, model: '12h', tenant: 'all' }],
    ['all time', { ...NO_FILTER, last: 'all' as const }],
  ])('are each other’s way back: %s', (_name, filter) => {
    expect(filterOf(queryOf(jobsHref(filter)))).toEqual(filter);
  });

  it('keep the address short and readable', () => {
    expect(jobsHref(NO_FILTER)).toBe('#/jobs');
    expect(jobsHref({ ...NO_FILTER, status: ['queued', 'dead'], charts: true }, 'an-id')).toBe(
      '#/jobs/an-id?status=queued,dead&charts=open',
    );
  });

  it('leave out what makes no sense', () => {
    expect(filterOf('kind=cat&status=dead,odd,&last=3w&from=soon&charts=1&constructor=x')).toEqual({
      ...NO_FILTER,
      status: ['dead'],
    });
    expect(filterOf('last=toString')).toEqual(NO_FILTER);
  });

  it('take one of two ranges', () => {
    expect(filterOf('last=1h&from=2026-03-01T00:00:00Z')).toEqual({ ...NO_FILTER, last: '1h' });
    const from = '2026-03-01T00:00:00.000Z';
    expect(filterOf('from=2026-03-01')).toEqual({ ...NO_FILTER, last: '', from });
  });
});

describe('periodOf and boundsOf', () => {
  it('count a range up to now from now', () => {
    const period = periodOf({ ...NO_FILTER, last: '1h' }, NOW_MS);
    expect(boundsOf(period)).toEqual({ from: '2026-03-02T11:00:00.000Z' });
  });

  it('leave open what has no bound', () => {
    expect(boundsOf(periodOf({ ...NO_FILTER, last: 'all' }, NOW_MS))).toEqual({});
    const to = '2026-03-01T00:00:00.000Z';
    expect(boundsOf(periodOf({ ...NO_FILTER, last: '', to }, NOW_MS))).toEqual({ to });
  });

  it('begin with what servers have at hand', () => {
    expect(boundsOf(periodOf(filterOf(''), NOW_MS))).toEqual({ from: '2026-03-02T00:00:00.000Z' });
  });
});

describe('isChanged', () => {
  it('does not take the charts for a filter', () => {
    expect(isChanged({ ...NO_FILTER, charts: true })).toBe(false);
    expect(isChanged({ ...NO_FILTER, tenant: 'a' })).toBe(true);
  });
});

describe('localTime', () => {
  it('is the way to an input and back, to the minute', () => {
    expect(fromLocalTime(localTime('2026-03-01T10:20:00.000Z'))).toBe('2026-03-01T10:20:00.000Z');
    expect(localTime('')).toBe('');
    expect(fromLocalTime('')).toBe('');
  });
});
