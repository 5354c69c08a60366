import { describe, expect, it } from '@jest/globals';
import type { Fetch, Fetched, HandedRow } from './protocol.ts';
import { StandingFetches } from './standing-fetches.ts';

const row = (seq: number): HandedRow => ({
  seq,
  key: 'k',
  value: 'v',
  properties: null,
  timeMs: 0,
  redelivered: false,
});
const fetched = (...seqs: number[]): Fetched => ({ rows: seqs.map(row), more: false, nextDueMs: undefined });
const fetch = (limit: number, seen = 0, consumer = 1): Fetch => ({
  topic: 7,
  subscription: 3,
  limit,
  standing: { consumer, seen },
});
const topics = new Set([7]);

/** Gives out of a line as much as is asked for. */
function lineOf(...seqs: number[]) {
  const asked: number[] = [];
  const take = ({ limit }: Fetch) => {
    asked.push(limit);
    return fetched(...seqs.splice(0, limit));
  };
  return { take, asked };
}

describe('StandingFetches', () => {
  it('hands out as much as the fetch has room left, and no more than that in all', () => {
    const standing = new StandingFetches();
    standing.answered(fetch(3), fetched(1));
    const { take, asked } = lineOf(2, 3, 4);
    const first = standing.serve(topics, ({ limit, ...rest }) =>
      take({ ...rest, limit: Math.min(limit, 1) }),
    );
    expect(first).toMatchObject([{ consumer: 1, rows: [{ seq: 2 }] }]);
    expect(standing.serve(topics, take)).toMatchObject([{ rows: [{ seq: 3 }] }]);
    expect(standing.serve(topics, take)).toEqual([]);
    expect(asked).toEqual([1, 1]);
  });

  it('stands for nothing after a full answer, after a withdrawal, and for other topics', () => {
    const standing = new StandingFetches();
    const { take } = lineOf(1, 2, 3);
    standing.answered(fetch(1), fetched(9));
    expect(standing.serve(topics, take)).toEqual([]);
    standing.answered(fetch(2), { ...fetched(9), more: true });
    expect(standing.serve(topics, take)).toEqual([]);
    standing.answered(fetch(2), fetched());
    expect(standing.serve(new Set([8]), take)).toEqual([]);
    standing.withdraw(1);
    expect(standing.serve(topics, take)).toEqual([]);
  });

  it('goes round those who have room', () => {
    const standing = new StandingFetches();
    for (const consumer of [1, 2, 3]) standing.answered(fetch(9, 0, consumer), fetched());
    const served = [1, 2, 3, 4].flatMap((seq) => standing.serve(topics, lineOf(seq).take));
    expect(served.map(({ consumer }) => consumer)).toEqual([1, 2, 3, 1]);
  });

  it('says when something will be due, though there is nothing to hand out yet', () => {
    const standing = new StandingFetches();
    standing.answered(fetch(2), fetched());
    expect(standing.serve(topics, () => ({ ...fetched(), nextDueMs: 50 }))).toMatchObject([
      { consumer: 1, rows: [], nextDueMs: 50 },
    ]);
    expect(standing.serve(topics, lineOf(1, 2).take)).toMatchObject([{ rows: [{ seq: 1 }, { seq: 2 }] }]);
  });

  it('does not answer a fetch that was sent before a hand-out arrived', () => {
    const standing = new StandingFetches();
    standing.answered(fetch(2), fetched());
    standing.serve(topics, lineOf(1).take);
    expect(standing.isCurrent(fetch(2, 0))).toBe(false);
    expect(standing.isCurrent(fetch(1, 1))).toBe(true);
    standing.answered(fetch(1, 1), fetched());
    expect(standing.isCurrent(fetch(1, 1))).toBe(true);
  });

  it('forgets what a transaction did that failed', () => {
    const standing = new StandingFetches();
    standing.answered(fetch(1), fetched());
    const restore = standing.snapshot();
    standing.serve(topics, lineOf(1).take);
    restore();
    expect(standing.isCurrent(fetch(1, 0))).toBe(true);
    expect(standing.serve(topics, lineOf(1).take)).toHaveLength(1);
  });
});
