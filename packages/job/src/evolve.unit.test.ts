import { describe, expect, it, jest } from '@jest/globals';
import fc from 'fast-check';
import { anyDelivery, anyLedger, type Placed } from '../test/arbitrary-events.test.ts';
import { evolve } from './evolve.ts';
import { attemptOf, attemptsUsed, compareOrder, isTerminal, type JobState, statusOf } from './state.ts';

// on a machine that is busy with other things
jest.setTimeout(300_000);

const fold = (events: readonly Placed[]) =>
  events.reduce<JobState | undefined>((state, { event, order }) => evolve(state, event, order), undefined);
const ledgerAndDeliveries = anyLedger.chain((ledger) =>
  fc.tuple(fc.constant(ledger), anyDelivery(ledger), anyDelivery(ledger)),
);

describe('the fold of any events of a job', () => {
  it('is the same whatever the order and repetition they are read in', () => {
    fc.assert(
      fc.property(ledgerAndDeliveries, ([ledger, once, twice]) => {
        expect(fold(once)).toEqual(fold(ledger));
        expect(fold(twice)).toEqual(fold(ledger));
      }),
      { numRuns: 1_000 },
    );
  });

  it('gives back the very state when an event says nothing new', () => {
    fc.assert(
      fc.property(anyLedger, (ledger) => {
        const state = fold(ledger);
        for (const { event, order } of ledger) expect(evolve(state, event, order)).toBe(state);
      }),
    );
  });

  it('changes no state that was handed in', () => {
    fc.assert(
      fc.property(anyLedger, (ledger) => {
        let state: JobState | undefined;
        for (const { event, order } of ledger) {
          const before = structuredClone(state);
          const next = evolve(state, event, order);
          expect(state).toEqual(before);
          state = next;
        }
      }),
    );
  });

  it('has exactly one terminal state once an outcome of the latest life is there: the first in the ledger', () => {
    fc.assert(
      fc.property(ledgerAndDeliveries, ([ledger, delivered]) => {
        const latest = Math.max(...ledger.map(({ event }) => event.redrive));
        const outcomes = ledger
          .filter(({ event }) => event.redrive === latest && isTerminal(event.type as never))
          .sort((a, b) => compareOrder(a.order, b.order));
        const state = fold(delivered);
        expect(state?.outcome?.order).toEqual(outcomes[0]?.order);
        if (state) expect(isTerminal(statusOf(state))).toBe(outcomes.length > 0);
        if (state && outcomes[0]) expect(statusOf(state)).toBe(outcomes[0].event.type);
      }),
      { numRuns: 500 },
    );
  });

  it('never leaves a terminal state, read in ledger order, but for a new life', () => {
    fc.assert(
      fc.property(anyLedger, (ledger) => {
        let state: JobState | undefined;
        for (const { event, order } of [...ledger].sort((a, b) => compareOrder(a.order, b.order))) {
          const next = evolve(state, event, order);
          if (state?.outcome && next.redrive === state.redrive) expect(next.outcome).toBe(state.outcome);
          state = next;
        }
      }),
    );
  });

  it('numbers the claims that count from 1 without two of one number', () => {
    fc.assert(
      fc.property(anyLedger, (ledger) => {
        const state = fold(ledger);
        const numbers = (state?.starts ?? []).flatMap(
          ({ claim }) => (state && attemptOf(state, claim)) ?? [],
        );
        expect(new Set(numbers).size).toBe(numbers.length);
        expect(numbers.at(-1) ?? 0).toBe(state ? attemptsUsed(state) : 0);
        for (const { claim, released, aheadUntilMs } of state?.starts ?? []) {
          const counts = state && attemptOf(state, claim) !== undefined;
          if (released) expect(counts).toBe(false);
          const anyAhead = state?.starts.some((start) => start.aheadUntilMs !== undefined);
          if (!released && aheadUntilMs === undefined && !anyAhead) expect(counts).toBe(true);
        }
      }),
    );
  });

  it('numbers claims by their places in the topic, whatever the clocks of their workers say', () => {
    const claim = (n: number, timeMs: number): Placed => ({
      event: {
        ...{ type: 'started', version: 1, id: '0190a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2b', kind: 'txt2img' },
        ...{ tenant: 'default', redrive: 0, attempt: 1, claim: `c${n}`, worker: `w${n}`, model: 'm' },
        ...{ time: '2026-01-01T00:00:00.000Z', released: false },
      },
      order: { timeMs, type: 'started', messageId: `00${n}` },
    });
    const state = fold([claim(1, 5_000), claim(2, 1_000), claim(3, 3_000)]);
    expect(state && ['c1', 'c2', 'c3'].map((name) => attemptOf(state, name))).toEqual([1, 2, 3]);
  });

  it('keeps every claim however many were released, whichever is read first', () => {
    const started = (n: number, released: boolean): Placed => ({
      event: {
        ...{ type: 'started', version: 1, id: '0190a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2b', kind: 'txt2img' },
        ...{ tenant: 'default', redrive: 0, attempt: 1, claim: `c${n}`, worker: 'w', model: 'm' },
        ...{ time: '2026-01-01T00:00:00.000Z', released },
      },
      order: { timeMs: n * 10 + (released ? 5 : 0), type: 'started', messageId: `${n}${released}` },
    });
    const events = Array.from({ length: 60 }, (_, n) => [started(n, false), started(n, true)]).flat();
    expect(fold([...events].reverse())).toEqual(fold(events));
    expect(fold(events)?.starts).toHaveLength(60);
  });
});

describe('compareOrder', () => {
  const order = fc.record({
    timeMs: fc.integer({ min: 0, max: 3 }),
    type: fc.constantFrom(
      'requested' as const,
      'started' as const,
      'completed' as const,
      'dead' as const,
      'cancelled' as const,
    ),
    messageId: fc.constantFrom('0', '1', '2'),
  });

  it('is a total order', () => {
    fc.assert(
      fc.property(order, order, order, (a, b, c) => {
        expect(Math.sign(compareOrder(a, b))).toBe(-Math.sign(compareOrder(b, a)) + 0);
        if (compareOrder(a, b) === 0) expect(a).toEqual(b);
        if (compareOrder(a, b) <= 0 && compareOrder(b, c) <= 0)
          expect(compareOrder(a, c)).toBeLessThanOrEqual(0);
      }),
    );
  });
});

describe('a completion that may not keep what its client wrote', () => {
  it('has forgotten it once it ended, however its events are read; until then a worker can run it', () => {
    fc.assert(
      fc.property(ledgerAndDeliveries, ([, delivered]) => {
        const state = fold(delivered);
        const { request, outcome } = state ?? {};
        if (request?.kind !== 'completion') return;
        const { prompts, messages, suffix, user, stop } = request.settings;
        const asked = delivered.map(({ event }) => event).filter((event) => event.type === 'requested');
        if (outcome && !request.store) {
          expect({ prompts, messages, suffix, user, stop }).toEqual({ stop: [] });
        } else {
          expect(asked).toContainEqual(request);
        }
      }),
      { numRuns: 1_000 },
    );
  });
});
