import type { JobState } from '@genfleet/job';
import { describe, expect, it } from '@jest/globals';
import { done, NOW_MS, running, waiting } from '../test/sample-states.test.ts';
import { Board } from './board.ts';

function boardOf(states: readonly JobState[]): Board {
  const board = new Board({ weights: {}, halfLifeMs: 600_000 });
  for (const state of states) board.apply(state, NOW_MS);
  return board;
}

describe('where a job stands', () => {
  it('is behind all of higher priority and before all of lower', () => {
    const mine = waiting({ agoMs: 5_000 });
    const others = [
      waiting({ priority: 'high', agoMs: 1_000 }),
      waiting({ agoMs: 9_000 }),
      waiting({ agoMs: 2_000 }),
      waiting({ priority: 'low', agoMs: 60_000 }),
    ];
    expect(boardOf([...others, mine]).standing(mine.id)).toEqual({ level: 1, ahead: 2, isModelHeld: false });
  });

  it('is behind as many of each tenant as its own has ahead of it, whatever their models', () => {
    const few = [9_000, 8_000].map((agoMs, n) => waiting({ tenant: 'few', model: `m${n}`, agoMs }));
    const many = Array.from({ length: 50 }, (_, n) => waiting({ tenant: 'many', agoMs: 20_000 - n }));
    const board = boardOf([...few, ...many, waiting({ tenant: 'one', agoMs: 1_000 })]);
    const aheadOf = (job: JobState | undefined) => board.standing(job?.id ?? '')?.ahead;
    expect(few.map(aheadOf)).toEqual([0, 3]);
    expect([0, 1, 2, 49].map((n) => aheadOf(many[n]))).toEqual([0, 3, 5, 52]);
  });

  it('moves up as jobs are taken, and is nothing once its own is', () => {
    const [first, mine] = [waiting({ agoMs: 9_000 }), waiting({ agoMs: 5_000 })];
    const board = boardOf([first, mine]);
    expect(board.standing(mine.id)?.ahead).toBe(1);
    board.apply(running(first, 'w1'), NOW_MS);
    expect(board.standing(mine.id)).toEqual({ level: 1, ahead: 0, isModelHeld: true });
    board.take(mine.id);
    expect(board.standing(mine.id)).toBeUndefined();
  });

  it('comes with the time that a worker takes from one job to its next, its model loaded', () => {
    const board = boardOf([waiting()]);
    expect(board.costs.turnMs).toBeUndefined();
    board.apply(done(running(waiting(), 'w1'), 2_000, 8_000), NOW_MS);
    expect(board.costs.turnMs).toBe(10_000);
    board.apply(done(running(waiting({ model: 'n' }), 'w1'), 5_000), NOW_MS);
    expect(board.costs.turnMs).toBe(9_500);
  });
});
