import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { NOW_MS, running, waiting } from '../test/sample-states.test.ts';
import { Board } from './board.ts';
import { Crowding } from './crowding.ts';

/** The same numbers every time: a linear congruential generator (Park and Miller, 1988). */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}

/** So many look for one job at once, again and again. Claims per job, once the places were learnt. */
function claimsPerJob(workers: number, seed: number): number {
  const crowding = new Crowding();
  const random = randomOf(seed);
  let [jobs, claims] = [0, 0];
  for (let round = 0; round < 6_000; round++) {
    const places = crowding.places('crowd', NOW_MS);
    const here = Array.from({ length: workers }).filter(() => Math.floor(random() * places) === 0).length;
    if (here === 0) continue;
    crowding.won('crowd', NOW_MS);
    for (let nth = 1; nth < here; nth++) crowding.lost('crowd', nth, NOW_MS);
    if (round < 1_000) continue;
    jobs += 1;
    claims += here;
  }
  return claims / jobs;
}

describe('Crowding', () => {
  it('is none where no claim was in vain', () => {
    const crowding = new Crowding();
    crowding.won('crowd', NOW_MS);
    expect(crowding.places('crowd', NOW_MS)).toBe(1);
  });

  it('keeps claims to 1.2 for each job, however many look at once', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 60 }), fc.integer({ min: 1, max: 1_000 }), (workers, seed) => {
        expect(claimsPerJob(workers, seed)).toBeLessThan(1.2);
      }),
      { numRuns: 5 },
    );
  });

  it('forgets a crowd that is gone', () => {
    const crowding = new Crowding();
    for (let nth = 1; nth < 200; nth++) crowding.lost('crowd', nth, NOW_MS);
    expect(crowding.places('crowd', NOW_MS)).toBeGreaterThan(4);
    crowding.prune(NOW_MS + 20_000);
    expect(crowding.places('crowd', NOW_MS + 20_000)).toBeGreaterThan(2);
    crowding.prune(NOW_MS + 600_000);
    expect(crowding.places('crowd', NOW_MS)).toBe(1);
  });

  it('is read off the claims in the ledger: those of one model, and those that would change to a level', () => {
    const board = new Board({ weights: {}, halfLifeMs: 600_000 });
    // w2 holds the model, w3 does not
    board.apply(running(waiting(), 'w2'), NOW_MS);
    const won = running(waiting(), 'w1', true);
    const lost = running(running(won, 'w2', true), 'w3', true);
    for (const state of [won, lost, lost]) board.apply(state, NOW_MS);
    const once = new Crowding();
    once.lost('model m', 1, NOW_MS);
    once.lost('level 1', 2, NOW_MS);
    const places = (crowding: Crowding) =>
      ['model m', 'level 1'].map((crowd) => crowding.places(crowd, NOW_MS));
    expect(places(board.crowding)).toEqual(places(once));
  });
});
