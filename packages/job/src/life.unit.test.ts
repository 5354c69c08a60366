import { describe, expect, it, jest } from '@jest/globals';
import fc from 'fast-check';
import { anyDelivery } from '../test/arbitrary-events.test.ts';
import { HAPPENINGS, SimulatedLife } from '../test/simulated-life.test.ts';
import { decodeEvent, encodeEvent } from './codec.ts';
import { evolve } from './evolve.ts';
import { isTerminal, type JobState, MAX_ATTEMPTS, statusOf } from './state.ts';

// on a machine that is busy with other things
jest.setTimeout(300_000);

const happenings = fc.array(fc.constantFrom(...HAPPENINGS), { maxLength: 30 });

function lived(list: readonly (typeof HAPPENINGS)[number][]): SimulatedLife {
  const life = new SimulatedLife();
  life.live(list);
  return life;
}

describe('a job, whatever befalls it', () => {
  it('ends, and every replica sees the same end however it reads the topics', () => {
    const lives = happenings.chain((list) => {
      const life = lived(list);
      return fc.tuple(fc.constant(life), anyDelivery(life.ledger));
    });
    fc.assert(
      fc.property(lives, ([life, delivered]) => {
        if (!life.state) throw new TypeError('nothing was published');
        expect(isTerminal(statusOf(life.state))).toBe(true);
        const replica = delivered.reduce<JobState | undefined>(
          (state, { event, order }) => evolve(state, decodeEvent(encodeEvent(event)), order),
          undefined,
        );
        expect(replica).toEqual(life.state);
      }),
      { numRuns: 500 },
    );
  });

  it('reports each attempt once, and no more than there may be', () => {
    fc.assert(
      fc.property(happenings, (list) => {
        const { ledger } = lived(list);
        for (const { event } of ledger) {
          if (event.type !== 'dead' && event.type !== 'requested') continue;
          const attempts = event.failures.map(({ attempt }) => attempt);
          expect(attempts).toEqual([...new Set(attempts)].sort((a, b) => a - b));
          expect(attempts.length).toBeLessThanOrEqual(MAX_ATTEMPTS);
          expect(event.attempt).toBeLessThanOrEqual(MAX_ATTEMPTS);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('runs at most four times in a life, deaths counted', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('fail' as const, 'die' as const, 'hand back' as const), { maxLength: 40 }),
        (list) => {
          const life = lived(list);
          const counted = life.state?.starts.filter(({ released }) => !released).length ?? 0;
          // one more claim than attempts: that of the worker which found the attempts used up
          expect(counted).toBeLessThanOrEqual(MAX_ATTEMPTS + 1);
          expect(life.runs).toBeLessThanOrEqual(MAX_ATTEMPTS);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('dies of workers that die, and is completed by one that hands it back before', () => {
    expect(statusOf(lived(['die', 'die', 'die', 'die', 'die']).state as JobState)).toBe('dead');
    expect(statusOf(lived(['die', 'die', 'die', 'finish']).state as JobState)).toBe('completed');
    const handedBack = lived([...Array(20).fill('hand back'), 'finish']);
    expect(handedBack.state?.outcome).toMatchObject({ type: 'completed', event: { attempt: 1 } });
  });
});
