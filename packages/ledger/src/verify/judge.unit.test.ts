import { type CompletedEvent, decideCompletion, type JobEvent } from '@genfleet/job';
import { describe, expect, it } from '@jest/globals';
import { at, completed, NOW_MS, requested, started } from '../../../job/test/sample-events.test.ts';
import { historyOf, type Placed, receiptsOf } from '../../test/simulated-history.ts';
import { type JobHistory, judgeJob, type Standards } from './judge.ts';
import { READ_LAG_MS } from './outcomes.ts';

const STANDARDS: Standards = { nowMs: NOW_MS, retentionMs: () => Number.POSITIVE_INFINITY, inLine: 1 };
const { id, tenant } = requested();
const head = { version: 1, id, kind: 'txt2img', tenant, redrive: 0 } as const;

/** One second after another, as they are given. */
function ledgerOf(...events: readonly JobEvent[]): Placed[] {
  return events.map((event, index) => ({
    event,
    order: { timeMs: NOW_MS + index * 1_000, type: event.type, messageId: String(index).padStart(4, '0') },
  }));
}

function cancelled(afterMs: number): JobEvent {
  return { type: 'cancelled', ...head, reason: 'asked', time: at(afterMs) };
}

function dead(
  worker: string | undefined,
  code: 'engine_failed' | 'deadline_exceeded',
  afterMs = 0,
): JobEvent {
  const { type: _type, ...job } = requested();
  const failures =
    worker === undefined ? [] : [{ attempt: 1, worker, time: at(afterMs), code, message: 'no' }];
  return { ...job, type: 'dead', failures, error: { code, message: 'no' }, time: at(afterMs) };
}

const TEXT = {
  temperature: 1,
  top_p: 1,
  n: 1,
  stop: [],
  echo: false,
  presence_penalty: 0,
  frequency_penalty: 0,
};

/** The request of a completion that somebody waits for. */
function asked({ store = false } = {}): JobEvent {
  const settings = { model: 'm', prompts: ['x'], ...TEXT };
  const request = { settings, metadata: {}, interactive: true, stream: true, store };
  return decideCompletion(request, { id, tenant, nowMs: NOW_MS });
}

function written(overrides: Partial<CompletedEvent<'completion'>> = {}): JobEvent {
  const { kind: _kind, artifacts: _artifacts, ...event } = completed();
  const usage = { prompt_tokens: 1, completion_tokens: 24 };
  return { ...event, kind: 'completion', artifacts: [], usage, ...overrides };
}

/** The verdict in a line, and what is named. */
function judged(history: JobHistory, standards: Partial<Standards> = {}) {
  const { status, terminalStates, repeats, races, violations } = judgeJob(history, {
    ...STANDARDS,
    ...standards,
  });
  return { status, terminalStates, repeats, races, named: violations.map(({ code }) => code) };
}

const CLEAN = { status: 'completed', terminalStates: 1, repeats: 0, races: 0, named: [] };
const far = READ_LAG_MS * 2;
const otherPicture = () => {
  const [file] = completed().artifacts;
  return file ? [{ ...file, sha256: 'b'.repeat(64) }] : [];
};

describe('a job with one outcome', () => {
  it('is as it should be', () => {
    expect(judged(historyOf(ledgerOf(requested(), started(), completed())))).toEqual(CLEAN);
  });

  it('has to have been claimed by whoever completed it', () => {
    const history = historyOf(ledgerOf(requested(), started({ worker: 'other' }), completed()));
    expect(judged(history)).toMatchObject({ named: ['claim_missing'] });
  });

  it('need not have been claimed when it is forgotten with its connection', () => {
    expect(judged(historyOf(ledgerOf(asked(), written())))).toEqual(CLEAN);
    const kept = historyOf(ledgerOf(asked({ store: true }), written()));
    expect(judged(kept)).toMatchObject({ named: ['claim_missing'] });
  });

  it('has to have been asked for', () => {
    const history = historyOf(ledgerOf(started(), completed()));
    expect(judged(history)).toMatchObject({ named: ['request_missing'] });
    // unless it may have been asked for before the part that was read
    expect(judged({ ...history, isWhole: false })).toMatchObject({ named: [] });
  });
});

describe('a job without an outcome', () => {
  const waiting = historyOf(ledgerOf(requested(), started()));

  it('waits or runs as long as its message may be in line', () => {
    expect(judged(waiting)).toEqual({ ...CLEAN, status: 'running', terminalStates: 0 });
  });

  it('is lost when no message is in line', () => {
    expect(judged(waiting, { inLine: 0 })).toMatchObject({ named: ['job_lost'] });
  });

  it('is not called lost when it came after the bus was asked', () => {
    const events = waiting.events.map((told) => ({ ...told, isSettled: false }));
    expect(judged({ ...waiting, events }, { inLine: 0 })).toMatchObject({ named: [] });
  });
});

describe('a second outcome of one life', () => {
  const first = [requested(), started(), completed()] as const;
  const two = [requested(), started(), started({ claim: 'c2', worker: 'w2' })] as const;
  const verdict = (...events: readonly JobEvent[]) => judged(historyOf(ledgerOf(...events)));
  const contradicted = { terminalStates: 2, races: 0, named: ['second_outcome'] };
  const race = { ...CLEAN, races: 1 };

  it('that says the same is a repeat, whoever wrote it', () => {
    expect(verdict(...first, completed({ complete_time: at(99_000) }))).toEqual({ ...CLEAN, repeats: 1 });
    expect(verdict(...two, completed(), completed({ worker: 'w2' }))).toEqual({ ...CLEAN, repeats: 1 });
    expect(verdict(requested(), cancelled(0), cancelled(9_000))).toMatchObject({ repeats: 1, named: [] });
  });

  it('is a race when both a client and a worker could not know of the other', () => {
    expect(verdict(...first, cancelled(3_000))).toEqual(race);
    expect(verdict(requested(), started(), cancelled(1_000), completed())).toEqual({
      ...race,
      status: 'cancelled',
    });
  });

  it('is a contradiction when a cancellation was decided long after the end was known', () => {
    expect(verdict(...first, cancelled(far))).toMatchObject(contradicted);
  });

  it('is a race when two workers had claimed the job, and a contradiction when it was one', () => {
    expect(verdict(...two, completed(), dead('w2', 'engine_failed', far))).toEqual(race);
    expect(verdict(...first, dead('w1', 'engine_failed'))).toMatchObject(contradicted);
    expect(verdict(...first, dead('w1', 'engine_failed', far))).toMatchObject(contradicted);
  });

  it('is a race when a client left a run that was too short to be claimed', () => {
    const left: JobEvent = {
      type: 'cancelled',
      ...head,
      kind: 'completion',
      reason: 'left',
      time: at(1_000),
    };
    expect(verdict(asked(), left, written())).toEqual({ ...race, status: 'cancelled' });
    const other = { usage: { prompt_tokens: 1, completion_tokens: 2 } };
    expect(verdict(asked(), written(), written(other))).toMatchObject(contradicted);
  });

  it('is no race when the other claim was given back, or made long after the end', () => {
    const back = started({ claim: 'c2', worker: 'w2', released: true });
    const events = [requested(), started(), back, completed(), dead('w2', 'engine_failed')];
    expect(verdict(...events)).toMatchObject(contradicted);
    const ledger = ledgerOf(
      ...first,
      started({ claim: 'c2', worker: 'w2' }),
      dead('w2', 'engine_failed', far),
    );
    const late = ledger.map((placed, index) =>
      index < 3 ? placed : { ...placed, order: { ...placed.order, timeMs: placed.order.timeMs + far } },
    );
    expect(judged(historyOf(late))).toMatchObject(contradicted);
  });

  it('with another picture is a contradiction, however many claimed the job', () => {
    const other = completed({ worker: 'w2', artifacts: otherPicture() });
    expect(verdict(...two, completed(), other)).toMatchObject(contradicted);
  });

  it('is a race when the job passed its deadline while it was completed', () => {
    expect(verdict(...first, dead(undefined, 'deadline_exceeded', 2_500))).toEqual(race);
    expect(verdict(...first, dead(undefined, 'deadline_exceeded', far))).toMatchObject(contradicted);
  });

  it('in another life is none', () => {
    const again = [requested({ redrive: 1 }), started({ redrive: 1 }), completed({ redrive: 1 })];
    expect(verdict(requested(), started(), dead('w1', 'engine_failed'), ...again)).toEqual(CLEAN);
  });
});

describe('a redrive', () => {
  it('needs the dead letter that it came from', () => {
    const history = historyOf(ledgerOf(requested(), started(), requested({ redrive: 1 })));
    expect(judged(history)).toMatchObject({ named: ['dead_letter_missing'] });
    const unsettled = history.events.map((told) => ({ ...told, isSettled: false }));
    expect(judged({ ...history, events: unsettled })).toMatchObject({ named: [] });
  });
});

describe('a receipt', () => {
  const ledger = ledgerOf(requested(), started(), completed());
  const [receipt] = receiptsOf(ledger);
  if (!receipt) throw new TypeError('the request has a receipt');
  const hour = 3_600_000;
  const later: Partial<Standards> = { nowMs: NOW_MS * 2, retentionMs: () => hour };

  it('stands for bytes of this very job', () => {
    const gone = historyOf(ledger, [{ ...receipt, message_id: '9999' }]);
    expect(judged(gone)).toMatchObject({ named: ['message_missing'] });
    const changed = historyOf(ledger, [{ ...receipt, sha256: 'c'.repeat(64) }]);
    expect(judged(changed)).toMatchObject({ named: ['message_changed'] });
    const found = { sha256: receipt.sha256, id: 'of somebody else' };
    const others = { ...historyOf(ledger), receipts: [{ receipt, found }] };
    expect(judged(others)).toMatchObject({ named: ['message_of_another_job'] });
  });

  it('expires with the retention of its topic, once the job has ended', () => {
    const gone = historyOf(ledger.slice(1), [receipt]);
    const verdict = judgeJob(gone, { ...STANDARDS, ...later });
    expect(verdict).toMatchObject({ receipts: [{ is: 'expired' }], isExpired: true, violations: [] });
    expect(judged(gone, { ...later, nowMs: NOW_MS - NOW_MS })).toMatchObject({
      named: ['message_missing', 'request_missing'],
    });
  });

  it('does not expire while the job is open: only what was acknowledged is removed', () => {
    const open = { ...historyOf(ledger.slice(0, 2)), receipts: [{ receipt, found: undefined }] };
    expect(judged(open, later)).toMatchObject({ named: ['message_missing'] });
  });

  it('of a job that nothing is known of is of one that is missing', () => {
    const unheard: JobHistory = {
      ...historyOf(ledger),
      events: [],
      receipts: [{ receipt, found: undefined }],
    };
    expect(judged(unheard, later)).toEqual({
      status: 'unknown',
      terminalStates: 0,
      repeats: 0,
      races: 0,
      named: ['message_missing'],
    });
  });
});
