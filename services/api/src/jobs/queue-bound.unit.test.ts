import { describe, expect, it } from '@jest/globals';
import { QueueBound } from './queue-bound.ts';

describe('QueueBound', () => {
  it('adds what was admitted to a count that is asked for now and then', () => {
    const clock = { nowMs: 0 };
    let counted = 0;
    const view = {
      waiting: () => {
        counted += 1;
        return new Map([
          ['a', { queued: 1, running: 1 }],
          ['b', { queued: 1, running: 2 }],
        ]);
      },
    };
    const bound = new QueueBound(view, 4, () => clock.nowMs);
    expect([bound.isFull(), bound.running()]).toEqual([false, 3]);
    bound.admitted();
    bound.admitted();
    expect([bound.isFull(), counted]).toEqual([true, 1]);
    clock.nowMs = 250;
    expect([bound.isFull(), counted]).toEqual([false, 2]);
  });
});
