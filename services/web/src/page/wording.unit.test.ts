import type { Queue } from '@genfleet/client';
import { describe, expect, it } from '@jest/globals';
import { routeOf } from './route.ts';
import { ago, duration, queueLine, reason, stepLine } from './wording.ts';

describe('duration', () => {
  it.each([
    [12, '12 ms'],
    [420, '0.4 s'],
    [9_960, '10 s'],
    [59_700, '1 min 0 s'],
    [125_000, '2 min 5 s'],
    [7_260_000, '2 h 1 min'],
  ])('says %d ms as %s', (ms, text) => {
    expect(duration(ms)).toBe(text);
  });
});

describe('ago', () => {
  it('is exact for what is recent', () => {
    expect(ago(0, 59_000)).toBe('just now');
    expect(ago(0, 300_000)).toBe('5 min ago');
    expect(ago(0, 7_300_000)).toBe('2 h ago');
  });
});

const place = (position: number, seconds: number | null, range: [number, number] | null = null): Queue => ({
  position,
  estimated_wait_seconds: seconds,
  estimated_wait_range_seconds: range,
});

describe('queueLine', () => {
  it.each([
    [null, 'In line'],
    [place(0, null), 'First in line'],
    [place(0, 0), 'First in line · starts in a moment'],
    [place(1, 4), 'In line, 1 came before · about 4.0 s'],
    [place(7, 90), 'In line, 7 came before · about 1 min 30 s'],
    [place(7, 90, [60, 150]), 'In line, 7 came before · 1 min 0 s to 2 min 30 s'],
    [place(1, 4, [0.2, 9.4]), 'In line, 1 came before · starts within 9.4 s'],
    [place(1, 0.3, [0.2, 0.9]), 'In line, 1 came before · starts in a moment'],
    [place(2, 30, [30, 30.2]), 'In line, 2 came before · about 30 s'],
  ])('says %j as %s', (queue, text) => {
    expect(queueLine(queue)).toBe(text);
  });
});

describe('stepLine', () => {
  it('counts steps once there are any', () => {
    expect(stepLine(null)).toBe('Getting ready…');
    expect(stepLine({ step: 0, steps: 20 })).toBe('Getting ready…');
    expect(stepLine({ step: 7, steps: 20 })).toBe('Step 7 of 20');
  });
});

describe('reason', () => {
  it('has words for every code, known or not', () => {
    expect(reason('worker_lost')).toBe('The worker went away in the middle');
    expect(reason('something_new')).toBe('something new');
  });
});

describe('routeOf', () => {
  it('takes anything it does not know for the gallery', () => {
    const id = '01a1fda1-91bd-7f03-8b35-138ed7707882';
    expect(routeOf(`#/images/${id}`)).toEqual({ view: 'image', id });
    expect(routeOf('#/dead-letters')).toEqual({ view: 'dead-letters' });
    for (const hash of ['', '#main', '#/images/../x', `#/images/${id}/x`]) {
      expect(routeOf(hash)).toEqual({ view: 'gallery' });
    }
  });
});
