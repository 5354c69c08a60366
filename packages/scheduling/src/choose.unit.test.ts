import type { JobState } from '@genfleet/job';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type Asked, done, NOW_MS, running, waiting } from '../test/sample-states.test.ts';
import type { Asker, HeldJob } from './asker.ts';
import { Board } from './board.ts';
import { choose } from './choose.ts';
import { compareRanks, LevelRanking } from './ranking.ts';
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
  batchJobs: 1,
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

/** Workers were in each other's way so often that there are four places. */
function crowd(board: Board, name: string): void {
  while (board.crowding.places(name, NOW_MS) < 4) board.crowding.lost(name, 1, NOW_MS);
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
    board.costs.learn(['m'], 1_000, 20_000);
    expect(first(board)).toBe(mine.id);
    const more = afterService({ a: 60_000 }, mine, theirs);
    more.costs.learn(['m'], 1_000, 20_000);
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

  it("spreads workers that were in each other's way over places, and leaves alone what is not at its own", () => {
    const line = Array.from({ length: 3 }, (_, n) => waiting({ agoMs: 90 - n * 10 }));
    const other = waiting({ model: 'other', agoMs: 100 });
    const board = boardOf(...line, other);
    expect(first(board, [], { random: () => 0.99 })).toBe(line[0]?.id);
    crowd(board, 'model m');
    const begun = [0, 0.3, 0.6].map((random) => first(board, [], { random: () => random }));
    expect(begun).toEqual(line.map(({ id }) => id));
    // the rest would cost a change of model: another look in a moment is better
    const last = asker({ random: () => 0.99 });
    expect(choose(board, last, [heldOf(other)], NOW_MS)).toEqual({ ids: [], isHeld: false });
    const low = waiting({ priority: 'low' });
    expect(choose(board, last, [heldOf(low)], NOW_MS)).toEqual({ ids: [], isHeld: false });
  });

  it('runs what it was handed where others are at what is better, and costs no change of model', () => {
    const [better, handed] = [waiting({ priority: 'high', model: 'other', agoMs: 100 }), waiting()];
    const board = boardOf(better, handed);
    expect(first(board, [heldOf(handed)], { random: () => 0.99 })).toBe(better.id);
    crowd(board, 'level 0');
    expect(first(board, [heldOf(handed)], { random: () => 0.99 })).toBe(handed.id);
    // with the time that it waits more look at it
    expect(choose(board, asker({ random: () => 0.99 }), [heldOf(handed)], NOW_MS + 9_000)?.ids[0]).toBe(
      better.id,
    );
  });

  it('names those that could be run together, of which another worker names others', () => {
    const line = Array.from({ length: 12 }, (_, n) => waiting({ agoMs: 20_000 - n * 1_000 }));
    const board = boardOf(...line);
    const ids = (random: number) =>
      choose(board, asker({ batchJobs: 2, random: () => random }), [], NOW_MS)?.ids;
    expect(ids(0)).toEqual(line.slice(0, 4).map(({ id }) => id));
    crowd(board, 'model m');
    expect(ids(0.3)?.[0]).toBe(line[2]?.id);
  });

  it('takes nothing that is worse than another that waits, whatever waits', () => {
    const asked = fc.record({
      tenant: fc.constantFrom('a', 'b', 'heavy'),
      model: fc.constantFrom('m', 'n', 'o', 'strange'),
      priority: fc.constantFrom('normal' as const, 'high' as const, 'low' as const),
      agoMs: fc.integer({ min: 0, max: 10_000 }),
    });
    const hadMs = fc.integer({ min: 0, max: 100_000 });
    const had = fc.record({ a: hadMs, b: hadMs, heavy: hadMs });
    fc.assert(
      fc.property(fc.array(asked, { maxLength: 12 }), had, (jobs, service) => {
        const states = jobs.map((job) => waiting(job));
        const board = afterService(service, ...states);
        board.costs.learn(['m', 'n'], 2_000, 8_000);
        const able = asker({ resolve: (model) => (model === 'strange' ? undefined : model) });
        const ranked = states
          .map((state) => heldOf(state))
          .filter(({ sinceMs }) => sinceMs <= NOW_MS - able.minWaitMs)
          .flatMap((job) => {
            const ranking = new LevelRanking(board, able, { level: job.level, held: [], nowMs: NOW_MS });
            const rank = ranking.rankOf(job);
            return rank ? [{ job, rank }] : [];
          })
          .sort((a, b) => compareRanks(a.rank, b.rank) || a.job.sinceMs - b.job.sinceMs);
        const chosen = ranked.find(({ job }) => job.id === choose(board, able, [], NOW_MS)?.ids[0]);
        expect(chosen?.rank).toEqual(ranked[0]?.rank);
        expect(chosen?.job.sinceMs).toBe(ranked[0]?.job.sinceMs);
      }),
    );
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
    expect(board.lines.flatMap((line) => [...line.models(), ...line.tenants()])).toEqual([]);
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
