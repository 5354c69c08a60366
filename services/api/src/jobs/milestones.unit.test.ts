import { describe, expect, it } from '@jest/globals';
import { cancelled, completed, dead, failed, requested, started, stateOf } from '../../test/job-events.ts';
import { comparePlace, eventIdOf, milestonesOf, parseEventId } from './milestones.ts';

const tell = (state: ReturnType<typeof stateOf>) =>
  milestonesOf(state).map(({ type, place }) => `${eventIdOf(place)} ${type}`);

describe('milestonesOf', () => {
  it('tells a retry between two starts, and the end last', () => {
    const first = requested();
    const second = failed(first, 1);
    const state = stateOf(first, started(first, 1), second, started(second, 2), completed(second, 2));
    expect(tell(state)).toEqual([
      '0.0.0 queued',
      '0.1.1 started',
      '0.1.2 retrying',
      '0.2.1 started',
      '0.99.0 completed',
    ]);
  });

  it('is the same in whatever order the topics were read', () => {
    const first = requested();
    const second = failed(first, 1);
    const third = dead(second);
    const expected = tell(stateOf(first, started(first, 1), second, third));
    expect(tell(stateOf(third, second, started(first, 1), first))).toEqual(expected);
    expect(expected).toContain('0.99.0 dead');
  });

  it('says nothing of a job whose request was not read yet', () => {
    expect(milestonesOf(stateOf(started(requested(), 1)))).toEqual([]);
  });

  it('starts over with the next life', () => {
    const first = requested();
    const again = requested({ redrive: 1 });
    expect(tell(stateOf(first, dead(first), again))).toEqual(['1.0.0 queued']);
  });

  it('gives the time of the next try only for the last failure', () => {
    const third = failed(failed(requested(), 1), 2);
    const retries = milestonesOf(stateOf(third)).filter(({ type }) => type === 'retrying');
    expect(retries).toMatchObject([
      { data: { not_before: null } },
      { data: { not_before: third.not_before } },
    ]);
  });

  it('tells a cancellation', () => {
    const first = requested();
    expect(tell(stateOf(first, cancelled(first)))).toEqual(['0.0.0 queued', '0.99.0 cancelled']);
  });
});

describe('event ids', () => {
  it('come back as the place they were made from', () => {
    expect(parseEventId(eventIdOf([3, 2, 1]))).toEqual([3, 2, 1]);
  });

  it.each(['', undefined, 'abc', '1.2', '1.2.3.4', '-1.0.0'])('are not made of %p', (text) => {
    expect(parseEventId(text)).toBeUndefined();
  });

  it('order a life before the next, and a start before its failure', () => {
    expect(comparePlace([0, 99, 0], [1, 0, 0])).toBeLessThan(0);
    expect(comparePlace([0, 2, 1], [0, 2, 2])).toBeLessThan(0);
    expect(comparePlace([0, 2, 2], [0, 10, 1])).toBeLessThan(0);
  });
});
