import { isTerminal, type JobEvent, statusOf } from '@genfleet/job';
import { describe, expect, it, jest } from '@jest/globals';
import fc from 'fast-check';
import { completed, NOW_MS } from '../../../job/test/sample-events.test.ts';
import { HAPPENINGS, SimulatedLife } from '../../../job/test/simulated-life.test.ts';
import { historyOf, type Placed, receiptsOf } from '../../test/simulated-history.ts';
import { judgeJob, type Standards } from './judge.ts';
import { READ_LAG_MS } from './outcomes.ts';

// on a machine that is busy with other things
jest.setTimeout(300_000);

/** Nothing is in line: every simulated life is lived to its end. */
const STANDARDS: Standards = { nowMs: NOW_MS, retentionMs: () => Number.POSITIVE_INFINITY, inLine: 0 };
const lives = fc.array(fc.constantFrom(...HAPPENINGS), { maxLength: 30 }).map((happenings) => {
  const life = new SimulatedLife();
  life.live(happenings);
  return life;
});

const outcomeTypes = new Set<JobEvent['type']>(['completed', 'dead', 'cancelled']);
const isOutcome = ({ event }: Placed) => outcomeTypes.has(event.type);
const without = (ledger: readonly Placed[], gone: Placed) => ledger.filter((placed) => placed !== gone);
const appended = (ledger: readonly Placed[], event: JobEvent): Placed[] => {
  const timeMs = NOW_MS + ledger.length;
  return [...ledger, { event, order: { timeMs, type: event.type, messageId: '999999' } }];
};

/** What can be done to a message; each gives the ledger afterwards, or undefined where it does not apply. */
const MUTATIONS: Record<string, (ledger: readonly Placed[], victim: Placed) => Placed[] | undefined> = {
  'a message with a receipt is gone': (ledger, victim) => {
    const [receipt] = receiptsOf([victim]);
    return receipt && without(ledger, victim);
  },
  'a message with a receipt has other bytes': (ledger, victim) => {
    const [receipt] = receiptsOf([victim]);
    const event: JobEvent = { ...victim.event, tenant: 'thief' };
    return receipt && ledger.map((placed) => (placed === victim ? { ...placed, event } : placed));
  },
  'an outcome is gone': (ledger, victim) => (isOutcome(victim) ? without(ledger, victim) : undefined),
  'all claims of the worker that completed it are gone': (ledger, victim) =>
    victim.event.type === 'completed'
      ? ledger.filter(({ event }) => event.type !== 'started' || event.redrive !== victim.event.redrive)
      : undefined,
  'a worker that never claimed it completes it as well': (ledger, { event }) =>
    appended(ledger, completed({ redrive: event.redrive, worker: 'stranger' })),
  'another picture is said to be its result': (ledger, victim) => {
    if (victim.event.type !== 'completed' || victim.event.kind !== 'txt2img') return undefined;
    const artifacts = victim.event.artifacts.map((file) => ({ ...file, sha256: 'b'.repeat(64) }));
    return appended(ledger, { ...victim.event, artifacts });
  },
  'it is cancelled long after it had ended otherwise': (ledger, { event, order }) => {
    const { redrive, id, kind, tenant } = event;
    const first = ledger.find((placed) => isOutcome(placed) && placed.event.redrive === redrive);
    if (!first || first.event.type === 'cancelled') return undefined;
    const time = new Date(order.timeMs + ledger.length + READ_LAG_MS * 2).toISOString();
    return appended(ledger, {
      type: 'cancelled',
      version: 1,
      id,
      kind,
      tenant,
      redrive,
      reason: 'late',
      time,
    });
  },
};

describe('verification of one job', () => {
  it('finds nothing wrong with any life that workers and clients can make', () => {
    fc.assert(
      fc.property(lives, (life) => {
        const verdict = judgeJob(historyOf(life.ledger), STANDARDS);
        if (!life.state) throw new TypeError('nothing was published');
        expect(verdict).toMatchObject({ violations: [], terminalStates: 1, status: statusOf(life.state) });
        expect(isTerminal(verdict.status)).toBe(true);
        expect(verdict.redrive).toBe(life.state.redrive);
        expect(verdict.receipts.every(({ is }) => is === 'equal')).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  it('finds nothing wrong when every message was published twice', () => {
    fc.assert(
      fc.property(lives, ({ ledger }) => {
        const twice = ledger.flatMap(({ event, order }, index): Placed[] => [
          { event, order: { ...order, timeMs: NOW_MS + index, messageId: `${order.messageId}a` } },
          { event, order: { ...order, timeMs: NOW_MS + index, messageId: `${order.messageId}b` } },
        ]);
        const verdict = judgeJob(historyOf(twice), STANDARDS);
        const outcomes = ledger.filter(isOutcome);
        expect(verdict).toMatchObject({ violations: [], terminalStates: 1, repeats: outcomes.length });
      }),
      { numRuns: 200 },
    );
  });

  it.each(Object.entries(MUTATIONS))('finds that %s', (_name, mutate) => {
    let applied = 0;
    fc.assert(
      fc.property(lives, fc.nat(), ({ ledger }, which) => {
        const victim = ledger[which % ledger.length];
        const mutated = victim && mutate(ledger, victim);
        if (!mutated) return;
        applied += 1;
        const { violations } = judgeJob(historyOf(mutated, receiptsOf(ledger)), STANDARDS);
        expect(violations).not.toEqual([]);
      }),
      { numRuns: 500 },
    );
    expect(applied).toBeGreaterThan(20);
  });
});
