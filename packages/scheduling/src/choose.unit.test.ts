import type { JobState } from '@genfleet/job';
import { describe, expect, it } from '@jest/globals';
import { type Asked, done, NOW_MS, running, waiting } from '../test/sample-states.test.ts';
import { Board } from './board.ts';
import { type Asker, choose, type HeldJob } from './choose.ts';
import { waitingJobOf } from './waiting-job.ts';

const PATIENCE_MS = 60_000;

function boardOf(...states: readonly JobState[]): Board {
  const board = new Board({ weights: { heavy: 3 }, halfLifeMs: 600_000 });
  for (const state of states) board.apply(state, NOW_MS);
  return board;
}

const asker = (change: Partial<Asker> = {}): Asker => ({
  worker: 'w1',
  resolve: (model) => model,
  isLoaded: (model) => model === 'm',
  minWaitMs: 50,
  random: () => 0,
  patienceMs: PATIENCE_MS,
  ...change,
});

function heldOf({ request }: JobState, heldForMs = 0): HeldJob {
  if (!request) throw new TypeError('no request');
  return { ...waitingJobOf(request, Date.parse(request.request_time)), heldSinceMs: NOW_MS - heldForMs };
}

const first = (board: Board, held: readonly HeldJob[] = [], change: Partial<Asker> = {}) =>
  choose(board, asker(change), held, NOW_MS)?.ids[0];

/** A board on which each tenant had so many ms of the fleet just now. */
function afterService(had: Readonly<Record<string, number>>, ...states: readonly JobState[]): Board {
  const board = boardOf();
  for (const [tenant, ms] of Object.entries(had)) board.service.charge(tenant, ms, NOW_MS);
  for (const state of states) board.apply(state, NOW_MS);
  return board;
}

describe('choose', () => {
  it('has nothing to run where nothing waits', () => {
    expect(choose(boardOf(), asker(), [], NOW_MS)).toBeUndefined();
    expect(choose(boardOf(running(waiting(), 'w2')), asker(), [], NOW_MS)).toBeUndefined();
  });

  it('takes the oldest of those that are alike, and what it was handed rather than one that is no better', () => {
    const [old, young] = [waiting({ agoMs: 9_000 }), waiting({ agoMs: 3_000 })];
    expect(first(boardOf(young, old))).toBe(old.id);
    for (const handed of [old, young]) {
      expect(choose(boardOf(young, old), asker(), [heldOf(handed)], NOW_MS)).toEqual({
        ids: [handed.id],
        isHeld: true,
      });
    }
  });

  it.each<[string, Asked, Asked]>([
    ['a higher priority', { priority: 'high' }, {}],
    ['a normal one before a low one', {}, { priority: 'low' }],
    ['the model in memory', { model: 'm' }, { model: 'other' }],
    ['a higher priority, though it costs a change of model', { priority: 'high', model: 'other' }, {}],
  ])('takes %s before an older job', (_, better, worse) => {
    const [chosen, older] = [waiting({ ...better, agoMs: 1_000 }), waiting({ ...worse, agoMs: 30_000 })];
    expect(first(boardOf(older, chosen))).toBe(chosen.id);
    expect(first(boardOf(older, chosen), [heldOf(older)])).toBe(chosen.id);
  });

  it('takes a tenant that had less than its share before one that had more, though the latter was first', () => {
    const [greedy, modest] = [
      waiting({ tenant: 'a', agoMs: 60_000 }),
      waiting({ tenant: 'b', agoMs: 1_000 }),
    ];
    expect(first(afterService({ a: 100_000 }, greedy, modest))).toBe(modest.id);
    expect(first(afterService({ a: 100_000, b: 100_000 }, greedy, modest))).toBe(greedy.id);
    const [heavy, other] = [
      waiting({ tenant: 'heavy', agoMs: 60_000 }),
      waiting({ tenant: 'b', agoMs: 1_000 }),
    ];
    // three times the weight, three times the share
    expect(first(afterService({ heavy: 300_000, b: 100_000 }, heavy, other))).toBe(heavy.id);
    expect(first(afterService({ heavy: 600_000, b: 100_000 }, heavy, other))).toBe(other.id);
  });

  it('keeps to the model in memory for as long as the tenants differ by less than a change of it', () => {
    const [mine, theirs] = [waiting({ tenant: 'a', model: 'm' }), waiting({ tenant: 'b', model: 'other' })];
    const board = afterService({ a: 15_000 }, mine, theirs);
    board.costs.learn('m', 1_000, 20_000);
    expect(first(board)).toBe(mine.id);
    const more = afterService({ a: 60_000 }, mine, theirs);
    more.costs.learn('m', 1_000, 20_000);
    expect(first(more)).toBe(theirs.id);
  });

  it('changes to the model that has most work for each worker that holds it', () => {
    const many = Array.from({ length: 6 }, () => waiting({ model: 'x', agoMs: 20_000 }));
    const few = Array.from({ length: 4 }, () => waiting({ model: 'y' }));
    const none = { isLoaded: () => false };
    expect(first(boardOf(...many, ...few), [], none)).toBe(many[0]?.id);
    const held = [running(waiting({ model: 'x' }), 'w2'), running(waiting({ model: 'x' }), 'w3')];
    expect(first(boardOf(...held, ...many, ...few), [], none)).toBe(few[0]?.id);
  });

  it('runs what it was handed once it has passed it over for its patience, whatever else waits', () => {
    const low = waiting({ priority: 'low', model: 'other', tenant: 'a' });
    const board = afterService({ a: 100_000 }, low, waiting({ priority: 'high', tenant: 'b' }));
    expect(first(board, [heldOf(low, PATIENCE_MS - 1)])).not.toBe(low.id);
    expect(choose(board, asker(), [heldOf(low, PATIENCE_MS)], NOW_MS)).toEqual({
      ids: [low.id],
      isHeld: true,
    });
  });

  it('leaves alone what it can not run, what came just now and what is to be tried again later', () => {
    const resolve = (model: string) => (model === 'strange' ? undefined : model);
    expect(first(boardOf(waiting({ model: 'strange' })), [], { resolve })).toBeUndefined();
    expect(first(boardOf(waiting({ agoMs: 10 })))).toBeUndefined();
    const later = waiting();
    const { request } = later;
    if (request?.kind !== 'txt2img') throw new TypeError('no request');
    const notBefore = new Date(NOW_MS + 1_000).toISOString();
    const board = boardOf({ ...later, request: { ...request, not_before: notBefore } });
    expect(first(board)).toBeUndefined();
    expect(choose(board, asker(), [], NOW_MS + 1_060)?.ids[0]).toBe(later.id);
  });

  it('lets workers of one model begin at different jobs of its line', () => {
    const line = Array.from({ length: 10 }, (_, n) => waiting({ agoMs: 20_000 - n * 1_000 }));
    const peers = ['w2', 'w3', 'w4'].map((worker) => running(waiting(), worker));
    const board = boardOf(...line, ...peers);
    const begun = [0, 0.3, 0.6, 0.9].map((random) => first(board, [], { random: () => random }));
    expect(begun).toEqual(line.slice(0, 4).map(({ id }) => id));
  });
});

describe('Board', () => {
  it('forgets a job that ends, is claimed or taken, and knows one again that is handed back', () => {
    const job = waiting();
    const board = boardOf(job);
    expect(board.has(job.id)).toBe(true);
    board.apply(running(job, 'w2'), NOW_MS);
    expect([board.has(job.id), board.waiting]).toEqual([false, 0]);
    board.apply(job, NOW_MS);
    expect(board.waiting).toBe(1);
    board.take(job.id);
    board.take(job.id);
    expect([...board.lanes()]).toEqual([]);
  });

  it('charges a tenant for what runs before it has ended, and corrects it then', () => {
    const earlier = running(waiting({ tenant: 'a' }), 'w2');
    const board = boardOf(earlier, done(earlier, 10_000));
    const before = board.service.hadMs('a', NOW_MS);
    const claimed = running(waiting({ tenant: 'a' }), 'w2');
    board.apply(claimed, NOW_MS);
    expect(board.service.hadMs('a', NOW_MS) - before).toBeCloseTo(10_000);
    board.apply(claimed, NOW_MS);
    board.apply(done(claimed, 4_000, 2_000), NOW_MS);
    expect(board.service.hadMs('a', NOW_MS) - before).toBeCloseTo(6_000);
  });

  it('halves what a tenant had with every half-life', () => {
    const board = afterService({ a: 10_000 });
    expect(board.service.hadMs('a', NOW_MS + 600_000)).toBeCloseTo(5_000);
  });
});
