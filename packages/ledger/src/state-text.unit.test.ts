import { emptyState, evolve, type JobState } from '@genfleet/job';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { anyLedger, JOB_ID } from '../../job/test/arbitrary-events.test.ts';
import { packState, unpackState } from './state-text.ts';

describe('a packed state', () => {
  it('comes back whole, whatever the events were', () => {
    fc.assert(
      fc.property(anyLedger, (ledger) => {
        const state = ledger.reduce<JobState>(
          (before, { event, order }) => evolve(before, event, order),
          emptyState(JOB_ID),
        );
        const text = packState(state);
        expect(unpackState(JOB_ID, text)).toEqual(state);
        expect(packState(unpackState(JOB_ID, text))).toBe(text);
        expect(text).not.toContain(JOB_ID.slice(0, 30) + JOB_ID.slice(31));
      }),
      { numRuns: 500 },
    );
  });
});
