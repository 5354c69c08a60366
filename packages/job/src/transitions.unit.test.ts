import { describe, expect, it, jest } from '@jest/globals';
import { at, completed, NOW_MS, requested, started } from '../test/sample-events.test.ts';
import type { JobEvent } from './event.ts';
import { evolve } from './evolve.ts';
import { attemptsUsed, JOB_STATUSES, type JobState, type JobStatus, statusOf } from './state.ts';
import { TRANSITIONS, TRIGGERS, type Trigger } from './transitions.ts';

// on a machine that is busy with other things
jest.setTimeout(300_000);

/** Histories of up to this many events; longer ones reach no pair that these don't. */
const DEPTH = 5;

const status = (state: JobState | undefined): JobStatus => (state ? statusOf(state) : 'unknown');

/** The events that mean this trigger for a job in this state, as the newest of the ledger. */
function eventsOf(trigger: Trigger, state: JobState | undefined, depth: number): JobEvent[] {
  const redrive = state?.redrive ?? 0;
  const asked = state?.request?.attempt ?? 0;
  const claims = state?.starts.map(({ claim }) => claim) ?? [];
  const time = at(depth);
  switch (trigger) {
    case 'requested':
      return [requested({ redrive })];
    case 'retried':
      // of the attempt that failed last, or of an earlier one by a worker that was thought dead
      return [asked, Math.max(asked, state ? attemptsUsed(state) : 0)].map((failed) =>
        requested({ redrive, attempt: Math.max(2, failed + 1) }),
      );
    case 'redriven':
      return [requested({ redrive: redrive + 1 })];
    case 'started':
      return [started({ redrive, attempt: Math.max(1, asked), claim: `c${depth}` })];
    case 'released':
      return [...claims, 'never seen'].map((claim) => started({ redrive, claim, released: true }));
    case 'completed':
      return [completed({ redrive })];
    case 'dead': {
      const error = { code: 'engine_failed', message: 'no' } as const;
      return [{ ...requested({ redrive }), type: 'dead', error, time }];
    }
    case 'cancelled': {
      const { version, id, kind, tenant } = requested();
      return [{ type: 'cancelled', version, id, kind, tenant, redrive, reason: 'asked', time }];
    }
  }
}

type Seen = Map<string, Set<JobStatus>>;

function explore(state: JobState | undefined, depth: number, seen: Seen): void {
  if (depth === DEPTH) return;
  for (const trigger of TRIGGERS) {
    for (const event of eventsOf(trigger, state, depth)) {
      const order = { timeMs: NOW_MS + depth, type: event.type, messageId: String(depth) };
      const next = evolve(state, event, order);
      const pair = `${status(state)} ${trigger}`;
      seen.set(pair, (seen.get(pair) ?? new Set()).add(status(next)));
      explore(next, depth + 1, seen);
    }
  }
}

describe('TRANSITIONS', () => {
  const seen: Seen = new Map();
  explore(undefined, 0, seen);

  for (const from of JOB_STATUSES) {
    it.each(TRIGGERS.map((trigger) => [trigger]))(
      `says what the fold makes of a job that is ${from} and %s`,
      (trigger) => {
        const said = TRANSITIONS[from][trigger];
        const expected = typeof said === 'string' ? [said] : said;
        expect([...(seen.get(`${from} ${trigger}`) ?? [])].sort()).toEqual([...expected].sort());
      },
    );
  }
});
