import { describe, expect, it } from '@jest/globals';
import { at, completed, NOW_MS, requested, started } from '../test/sample-events.test.ts';
import {
  decideCancel,
  decideClaim,
  decideDelivery,
  decideFailure,
  decideRedrive,
  decideRequest,
  isPastDeadline,
} from './decide.ts';
import { GenfleetError } from './error.ts';
import {
  type CancelledEvent,
  type DeadEvent,
  type JobEvent,
  jobEventSchema,
  type RequestedEvent,
} from './event.ts';
import { evolve } from './evolve.ts';
import { imageRequestSchema } from './settings.ts';
import { type JobState, MAX_ATTEMPTS, MAX_CLAIMS, statusOf } from './state.ts';

const backoffMs = [1_000, 5_000, 25_000];

function fold(...events: JobEvent[]): JobState {
  const state = events.reduce<JobState | undefined>(
    (before, event, index) =>
      evolve(before, event, {
        timeMs: NOW_MS + index,
        type: event.type,
        messageId: String(index).padStart(4, '0'),
      }),
    undefined,
  );
  if (!state) throw new TypeError('no events');
  return state;
}

const claims = (count: number, overrides = {}) =>
  Array.from({ length: count }, (_, n) => started({ claim: `c${n + 1}`, worker: `w${n + 1}`, ...overrides }));
const failed = (attempt: number, error: GenfleetError) => ({
  attempt,
  worker: 'w1',
  error,
  nowMs: NOW_MS,
  backoffMs,
});
const engineError = new GenfleetError('engine_failed', 'CUDA error');

/** A retry or a dead letter, which tell of their attempts; a cancellation does not. */
function lettered(event: RequestedEvent | DeadEvent | CancelledEvent): RequestedEvent | DeadEvent {
  if (event.type === 'cancelled') throw new TypeError(event.reason);
  return event;
}

describe('decideRequest', () => {
  const admission = { id: requested().id, tenant: 'team-a', nowMs: NOW_MS, seed: 99 };

  it('asks for the first attempt, with the seed drawn when none was sent', () => {
    const event = decideRequest(
      imageRequestSchema.parse({ generation_settings: { prompt: 'a' } }),
      admission,
    );
    expect(event).toMatchObject({
      type: 'requested',
      tenant: 'team-a',
      attempt: 1,
      redrive: 0,
      failures: [],
    });
    expect(event).toMatchObject({ request_time: at(0), settings: { seed: 99 } });
    expect(event).not.toHaveProperty('deadline');
    expect(jobEventSchema.parse(event)).toEqual(event);
  });

  it('keeps what was sent and turns the deadline into a time', () => {
    const request = imageRequestSchema.parse({
      generation_settings: { prompt: 'a', seed: 0 },
      metadata: { grouping: 'g' },
      deadline_seconds: 1.5,
      webhook_url: 'https://example.org/hook',
    });
    const idempotency = { key_sha256: 'k', body_sha256: 'b' };
    const event = decideRequest(request, { ...admission, idempotency });
    expect(event).toMatchObject({
      settings: { seed: 0 },
      metadata: { grouping: 'g' },
      deadline: at(1_500),
      idempotency,
    });
    expect(event.webhook_url).toBe('https://example.org/hook');
    expect(jobEventSchema.parse(event)).toEqual(event);
  });
});

describe('decideDelivery', () => {
  it('runs a job that nothing is known of but its message', () => {
    expect(decideDelivery(undefined, { request: requested({ attempt: 2 }) }, NOW_MS, 'w')).toEqual({
      do: 'run',
      attempt: 2,
    });
    expect(decideDelivery(fold(requested()), { request: requested() }, NOW_MS, 'w')).toEqual({
      do: 'run',
      attempt: 1,
    });
  });

  it('drops a message of a job that ended, was redriven or is in line again', () => {
    const dropped = (state: JobState) => decideDelivery(state, { request: requested() }, NOW_MS, 'w');
    expect(dropped(fold(requested(), completed()))).toEqual({ do: 'drop', reason: 'completed' });
    expect(dropped(fold(requested(), requested({ redrive: 1 })))).toEqual({
      do: 'drop',
      reason: 'redriven since',
    });
    expect(dropped(fold(requested(), requested({ attempt: 2 })))).toMatchObject({ do: 'drop' });
  });

  it('drops a message that asks for what an earlier one asked for, and runs that one', () => {
    const state = fold(requested(), requested());
    const first = state.requestOrder?.messageId ?? '';
    const asked = (messageId: string) =>
      decideDelivery(state, { request: requested(), messageId }, NOW_MS, 'w').do;
    expect([asked(first), asked(`${first}1`)]).toEqual(['run', 'drop']);
  });

  it('runs a redriven job that the fold still knows as dead', () => {
    const dead = decideFailure(undefined, requested(), failed(MAX_ATTEMPTS, engineError)) as DeadEvent;
    const again = requested({ redrive: 1 });
    expect(decideDelivery(fold(requested(), dead), { request: again }, NOW_MS, 'w')).toEqual({
      do: 'run',
      attempt: 1,
    });
  });

  it('buries a job past its deadline with the attempts it had', () => {
    const failure = { attempt: 1, worker: 'w', time: at(1), code: 'engine_failed', message: 'x' } as const;
    const late = requested({ deadline: at(10), attempt: 2, failures: [failure] });
    expect(decideDelivery(undefined, { request: late }, NOW_MS + 9, 'w')).toMatchObject({ do: 'run' });
    const decision = decideDelivery(undefined, { request: late }, NOW_MS + 10, 'w');
    expect(decision).toMatchObject({
      do: 'bury',
      event: { error: { code: 'deadline_exceeded' }, failures: [failure] },
    });
  });

  it('buries a job that was handed back without end', () => {
    const given = claims(MAX_CLAIMS, { released: true });
    expect(
      decideDelivery(fold(requested(), ...given.slice(1)), { request: requested() }, NOW_MS, 'w'),
    ).toMatchObject({
      do: 'run',
    });
    const decision = decideDelivery(fold(requested(), ...given), { request: requested() }, NOW_MS, 'w');
    expect(decision).toMatchObject({ do: 'bury', event: { error: { code: 'worker_lost' }, attempt: 1 } });
    const again = requested({ redrive: 1 });
    expect(decideDelivery(fold(requested(), ...given), { request: again }, NOW_MS, 'w')).toMatchObject({
      do: 'run',
    });
  });
});

describe('decideClaim', () => {
  it('counts a worker that died as one attempt', () => {
    for (let deaths = 0; deaths < MAX_ATTEMPTS; deaths++) {
      const state = fold(requested(), ...claims(deaths + 1));
      const mine = `c${deaths + 1}`;
      expect(decideClaim(state, requested(), mine, NOW_MS)).toEqual({ do: 'run', attempt: deaths + 1 });
    }
  });

  it('buries a job that killed as many workers as it has attempts, naming each', () => {
    const state = fold(requested(), ...claims(MAX_ATTEMPTS + 1));
    const decision = decideClaim(state, requested(), `c${MAX_ATTEMPTS + 1}`, NOW_MS);
    if (decision.do !== 'bury') throw new TypeError(decision.do);
    const event = lettered(decision.event);
    expect(event).toMatchObject({ type: 'dead', error: { code: 'worker_lost' } });
    expect(event.failures.map(({ attempt, worker, code }) => [attempt, worker, code])).toEqual(
      [1, 2, 3, 4].map((n) => [n, `w${n}`, 'worker_lost']),
    );
    expect(jobEventSchema.parse(decision.event)).toEqual(decision.event);
  });

  it('does not count what was handed back', () => {
    const released = claims(3, { released: true });
    const state = fold(requested(), ...released, started({ claim: 'mine' }));
    expect(decideClaim(state, requested(), 'mine', NOW_MS)).toEqual({ do: 'run', attempt: 1 });
    expect(decideClaim(state, requested(), 'c1', NOW_MS)).toMatchObject({ do: 'drop' });
  });

  it('never takes a retry for less than it asks for', () => {
    const retry = requested({ attempt: 3 });
    const state = fold(retry, started({ claim: 'mine', attempt: 3 }));
    expect(decideClaim(state, retry, 'mine', NOW_MS)).toEqual({ do: 'run', attempt: 3 });
  });

  it('drops the claim of a job that ended or was redriven, and one that is not there', () => {
    const ended = fold(requested(), started(), completed());
    expect(decideClaim(ended, requested(), 'c1', NOW_MS)).toEqual({ do: 'drop', reason: 'completed' });
    const redriven = fold(requested(), started(), requested({ redrive: 1 }));
    expect(decideClaim(redriven, requested(), 'c1', NOW_MS)).toEqual({
      do: 'drop',
      reason: 'redriven since',
    });
    expect(decideClaim(fold(requested()), requested(), 'c1', NOW_MS)).toMatchObject({ do: 'drop' });
  });
});

describe('decideFailure', () => {
  it('asks for the next attempt after a wait that grows', () => {
    const waits = [1, 2, 3].map((attempt) => {
      const event = decideFailure(undefined, requested({ attempt }), failed(attempt, engineError));
      expect(event).toMatchObject({ type: 'requested', attempt: attempt + 1 });
      return event.type === 'requested' ? event.not_before : '';
    });
    expect(waits).toEqual([at(1_000), at(5_000), at(25_000)]);
  });

  it('holds the last wait for all beyond, and waits not at all without any', () => {
    const waited = (backoff: number[]) =>
      decideFailure(undefined, requested({ attempt: 3 }), { ...failed(3, engineError), backoffMs: backoff });
    expect(waited([7])).toMatchObject({ not_before: at(7) });
    expect(waited([])).toMatchObject({ not_before: at(0) });
  });

  it('makes a dead letter of the last attempt, with all of them', () => {
    let request: RequestedEvent = requested();
    const seen: JobEvent[] = [request];
    for (let attempt = 1; attempt < MAX_ATTEMPTS; attempt++) {
      seen.push(started({ attempt, claim: `c${attempt}` }));
      const next = decideFailure(fold(...seen), request, failed(attempt, engineError));
      if (next.type !== 'requested') throw new TypeError(next.type);
      request = next;
      seen.push(request);
    }
    const dead = lettered(decideFailure(fold(...seen), request, failed(MAX_ATTEMPTS, engineError)));
    expect(dead).toMatchObject({ type: 'dead', error: { code: 'engine_failed', message: 'CUDA error' } });
    expect(dead.failures.map(({ attempt }) => attempt)).toEqual([1, 2, 3, 4]);
    expect(dead).not.toHaveProperty('not_before');
    expect(jobEventSchema.parse(dead)).toEqual(dead);
    expect(statusOf(fold(...seen, dead))).toBe('dead');
  });

  it('makes a dead letter at once of what can not get better', () => {
    for (const code of ['model_not_found', 'prompt_rejected', 'invalid_settings'] as const) {
      const dead = decideFailure(undefined, requested(), failed(1, new GenfleetError(code, 'no')));
      expect(dead).toMatchObject({ type: 'dead', attempt: 1, error: { code } });
    }
    const sure = new GenfleetError('engine_failed', 'no', { retryable: false });
    expect(decideFailure(undefined, requested(), failed(1, sure)).type).toBe('dead');
  });

  it('tells of attempts whose workers died in between', () => {
    const state = fold(requested(), ...claims(2));
    const next = lettered(decideFailure(state, requested(), failed(2, engineError)));
    expect(next.failures.map(({ attempt, code }) => [attempt, code])).toEqual([
      [1, 'worker_lost'],
      [2, 'engine_failed'],
    ]);
    expect(next.attempt).toBe(3);
  });

  it('cuts a message to what the ledger takes', () => {
    const long = new GenfleetError('engine_failed', '☃'.repeat(5_000));
    const event = lettered(decideFailure(undefined, requested(), failed(1, long)));
    expect(event.failures[0]?.message).toHaveLength(2_000);
    expect(jobEventSchema.parse(event)).toEqual(event);
  });
});

describe('decideCancel', () => {
  it('cancels what waits or runs', () => {
    for (const state of [fold(requested()), fold(requested(), started()), fold(requested({ attempt: 2 }))]) {
      const event = decideCancel(state, NOW_MS, 'asked');
      expect(event).toMatchObject({ type: 'cancelled', redrive: 0, reason: 'asked', time: at(0) });
      expect(jobEventSchema.parse(event)).toEqual(event);
      expect(
        statusOf(
          evolve(state, event as JobEvent, { timeMs: NOW_MS + 99, type: 'cancelled', messageId: '1' }),
        ),
      ).toBe('cancelled');
    }
  });

  it('refuses what has ended or is not known', () => {
    expect(decideCancel(fold(requested(), completed()), NOW_MS, '')).toEqual({
      refused: 'The job is already completed',
    });
    expect(decideCancel(fold(started()), NOW_MS, '')).toEqual({ refused: 'The job is not known yet' });
  });

  it('cancels the life that there is', () => {
    expect(decideCancel(fold(requested(), requested({ redrive: 1 })), NOW_MS, '')).toMatchObject({
      redrive: 1,
    });
  });
});

describe('decideRedrive', () => {
  it('brings a dead letter back with all its attempts before it, in a new life', () => {
    const request = requested({ metadata: { a: 'b' }, deadline: at(1) });
    const dead = decideFailure(undefined, request, failed(MAX_ATTEMPTS, engineError));
    const event = decideRedrive(fold(request, ...claims(4), dead));
    expect(event).toMatchObject({
      type: 'requested',
      redrive: 1,
      attempt: 1,
      failures: [],
      metadata: { a: 'b' },
    });
    expect(event).not.toHaveProperty('deadline');
    expect(event).not.toHaveProperty('error');
    expect(jobEventSchema.parse(event)).toEqual(event);
    expect(statusOf(fold(request, ...claims(4), dead, event as JobEvent))).toBe('queued');
  });

  it('refuses what is no dead letter', () => {
    expect(decideRedrive(fold(requested()))).toEqual({ refused: 'The job is queued, not a dead letter' });
    expect(decideRedrive(fold(requested(), completed()))).toHaveProperty('refused');
  });
});

describe('isPastDeadline', () => {
  it('is so from the deadline on', () => {
    expect(isPastDeadline({}, NOW_MS)).toBe(false);
    expect(isPastDeadline({ deadline: at(5) }, NOW_MS + 4)).toBe(false);
    expect(isPastDeadline({ deadline: at(5) }, NOW_MS + 5)).toBe(true);
  });
});
