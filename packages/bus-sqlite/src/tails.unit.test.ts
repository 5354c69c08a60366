import { beforeEach, describe, expect, it } from '@jest/globals';
import { Tail, Tails } from './tails.ts';

const row = (seq: number) => ({ seq, key: 'k', value: String(seq), properties: null, timeMs: seq });
const taken = (tail: Tail, limit = 500) => tail.take(limit)?.rows.map(({ seq }) => seq);

describe('the tail of a topic', () => {
  let tail: Tail;
  let wakes: number;
  beforeEach(() => {
    wakes = 0;
    tail = new Tail(() => {
      wakes += 1;
    });
  });

  it('holds what follows what its reader has, and says whether that is all', () => {
    tail.reached(5);
    tail.offer(row(7), 5);
    tail.offer(row(8), 7);
    expect(wakes).toBe(2);
    expect(tail.take(1)).toEqual({ rows: [row(7)], isAll: false });
    expect(tail.take(1)).toEqual({ rows: [row(8)], isAll: true });
    expect(tail.take(1)).toEqual({ rows: [], isAll: true });
  });

  it('passes over what its reader found in the file before it was offered', () => {
    tail.reached(8);
    tail.offer(row(7), 5);
    tail.offer(row(8), 7);
    tail.offer(row(9), 8);
    expect(taken(tail)).toEqual([9]);
  });

  it('sends its reader to the file until that has looked, when something is missing in between', () => {
    expect(tail.take(1)).toBeUndefined();
    tail.reached(5);
    tail.offer(row(6), 5);
    tail.offer(row(8), 7);
    tail.offer(row(9), 8);
    expect(tail.take(1)).toBeUndefined();
    tail.reached(9);
    tail.offer(row(10), 9);
    expect(taken(tail)).toEqual([10]);
  });

  it('holds no more than so much for a reader that is busy', () => {
    tail.reached(0);
    for (let seq = 1; seq <= 501; seq += 1) tail.offer(row(seq), seq - 1);
    expect(tail.take(1)).toBeUndefined();
  });
});

describe('tails', () => {
  it('are offered the messages of their topic, until they are taken away', () => {
    const tails = new Tails();
    const tail = new Tail(() => undefined);
    const remove = tails.add(1, tail);
    tail.reached(0);
    const publish = (topics: number[], seqs: number[], previous: number[]) => {
      const texts = seqs.map(String);
      const properties = seqs.map(() => null);
      const publishes = {
        topics,
        keys: seqs.map(() => 'k'),
        values: texts,
        properties,
        dueMs: [],
        synced: 0,
      };
      tails.published(publishes, { seqs, previous, timeMs: 1, fetched: [] });
    };
    publish([1, 2, 1], [1, 2, 3], [0, 0, 1]);
    expect(taken(tail)).toEqual([1, 3]);
    remove();
    publish([1], [4], [3]);
    expect(taken(tail)).toEqual([]);
  });
});
