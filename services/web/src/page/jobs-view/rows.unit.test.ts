import type { JobRow } from '@genfleet/client';
import { describe, expect, it } from '@jest/globals';
import { appended, difference, isBusy, type Rows, refreshed, updatedInPlace } from './rows.ts';

/** A job that was asked for in this second. */
const row = (second: number, status: JobRow['status'] = 'completed'): JobRow => ({
  id: `0190a1b2-c3d4-7e5f-8a6b-0000000000${String(second).padStart(2, '0')}`,
  kind: 'txt2img',
  status,
  model: 'm',
  tenant: 't',
  grouping: null,
  attempt: 1,
  redrive: 0,
  request_time: `2026-03-01T12:00:${String(second).padStart(2, '0')}.000Z`,
  end_time: null,
  queued_ms: null,
  run_ms: null,
  worker: null,
  error: null,
});
const rows = (seconds: readonly number[]) => seconds.map((second) => row(second));
const list = (seconds: readonly number[], next: string | null = null): Rows => ({
  rows: rows(seconds),
  next,
});
const page = (seconds: readonly number[], next: string | null = null) => ({ jobs: rows(seconds), next });
const secondsOf = ({ rows }: Rows) => rows.map(({ id }) => Number(id.slice(-2)));

describe('appended', () => {
  it('puts the older page behind, once each', () => {
    const whole = appended(list([9, 8], 'c'), page([8, 7]));
    expect(secondsOf(whole)).toEqual([9, 8, 7]);
    expect(whole.next).toBeNull();
  });
});

describe('refreshed', () => {
  it('puts new jobs in front and keeps the pages that were read before, with their cursor', () => {
    const whole = refreshed(list([8, 7, 6, 5], 'behind 5'), page([9, 8], 'behind 8'));
    expect(secondsOf(whole)).toEqual([9, 8, 7, 6, 5]);
    expect(whole.next).toBe('behind 5');
  });

  it('drops what has left the filter', () => {
    expect(secondsOf(refreshed(list([9, 8, 7, 6], 'c'), page([9, 7], 'd')))).toEqual([9, 7, 6]);
    expect(secondsOf(refreshed(list([9, 8, 7]), page([8])))).toEqual([8]);
    expect(secondsOf(refreshed(list([9, 8]), page([])))).toEqual([]);
  });

  it('begins anew where there would be a gap', () => {
    const whole = refreshed(list([3, 2], 'behind 2'), page([9, 8], 'behind 8'));
    expect(secondsOf(whole)).toEqual([9, 8]);
    expect(whole.next).toBe('behind 8');
  });

  it('keeps the objects of what has not changed', () => {
    const known = list([9, 8]);
    const whole = refreshed(known, { jobs: [row(9, 'dead'), row(8)], next: null });
    expect(whole.rows[0]?.status).toBe('dead');
    expect(whole.rows[1]).toBe(known.rows[1]);
  });
});

describe('a list that is held still', () => {
  const shown: Rows = { rows: [row(8, 'running'), row(7)], next: 'c' };
  const newer: Rows = { rows: [row(9, 'queued'), row(8)], next: 'd' };

  it('still tells what became of its jobs', () => {
    const held = updatedInPlace(shown, newer);
    expect(secondsOf(held)).toEqual([8, 7]);
    expect(held.rows[0]?.status).toBe('completed');
    expect(held.next).toBe('c');
  });

  it('knows how many come and go', () => {
    expect(difference(shown, newer)).toEqual({ come: 1, gone: 1 });
    expect(difference(shown, shown)).toEqual({ come: 0, gone: 0 });
  });
});

describe('isBusy', () => {
  it('is true while a job has no end', () => {
    expect(isBusy({ rows: [row(9), row(8, 'retrying')], next: null })).toBe(true);
    expect(isBusy(list([9, 8]))).toBe(false);
  });
});
