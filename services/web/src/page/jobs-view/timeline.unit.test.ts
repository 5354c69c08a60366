import type { JobHistoryEvent } from '@genfleet/client';
import { describe, expect, it } from '@jest/globals';
import { runsOf } from './timeline.ts';

const at = (
  second: number,
  type: JobHistoryEvent['type'],
  event: Record<string, unknown> = {},
): JobHistoryEvent => ({
  type,
  time: `2026-03-01T12:00:${String(second).padStart(2, '0')}.000Z`,
  topic: `${type}_txt2img_generation`,
  message_id: String(second),
  attempt: (event['attempt'] as number | undefined) ?? null,
  worker: (event['worker'] as string | undefined) ?? null,
  event: { redrive: 0, ...event },
});
const FAILURE = { attempt: 1, worker: 'w1', code: 'out_of_memory', message: '20 GiB wanted' };

describe('runsOf', () => {
  it('puts the events of a job that failed once under its two attempts', () => {
    const runs = runsOf({
      events: [
        at(0, 'requested', { attempt: 1 }),
        at(1, 'started', { attempt: 1, worker: 'w1', model: 'm' }),
        at(4, 'requested', { attempt: 2, failures: [FAILURE], not_before: '2026-03-01T12:00:06.000Z' }),
        at(7, 'started', { attempt: 2, worker: 'w2', model: 'm' }),
        at(9, 'completed', {
          attempt: 2,
          timings: { queued_ms: 7_000, model_load_ms: 0, generate_ms: 1_500 },
        }),
      ],
    });
    expect(runs.map(({ attempt, steps }) => [attempt, steps.map(({ title }) => title)])).toEqual([
      [1, ['Asked for', 'Started']],
      [2, ['Put back in line', 'Started', 'Completed']],
    ]);
    expect(runs[0]?.failure).toMatchObject({ code: 'out_of_memory', message: '20 GiB wanted' });
    expect(runs[1]?.failure).toBeUndefined();
    expect(runs.flatMap(({ steps }) => steps.map(({ sinceMs }) => sinceMs))).toEqual([
      undefined,
      1_000,
      3_000,
      3_000,
      2_000,
    ]);
    expect(runs[1]?.steps.map(({ detail }) => detail)).toEqual([
      expect.stringMatching(/^not before /),
      'w2 · m',
      'waited 7.0 s, ran 1.5 s',
    ]);
  });

  it('tells the reason of a dead letter once, and begins a new life with a redrive', () => {
    const error = { code: 'prompt_rejected', message: 'no' };
    const runs = runsOf({
      events: [
        at(0, 'requested', { attempt: 1 }),
        at(1, 'dead', { attempt: 1, error, failures: [{ ...FAILURE, code: 'prompt_rejected' }] }),
        at(5, 'requested', { attempt: 1, redrive: 1 }),
        at(6, 'cancelled', { redrive: 1, reason: 'by its client' }),
      ],
    });
    expect(
      runs.map(({ redrive, failure, steps }) => [redrive, failure, steps.map(({ title }) => title)]),
    ).toEqual([
      [0, undefined, ['Asked for', 'Given up']],
      [1, undefined, ['Redriven', 'Cancelled']],
    ]);
    expect(runs[0]?.steps[1]?.detail).toBe('The model refused the prompt. no');
    expect(runs[1]?.steps[1]?.detail).toBe('by its client');
  });

  it('marks what came after the end of its life', () => {
    const runs = runsOf({
      events: [
        at(0, 'requested', { attempt: 1 }),
        at(1, 'cancelled', { reason: 'r' }),
        at(2, 'completed', { attempt: 1 }),
      ],
    });
    expect(runs[0]?.steps.map(({ isLate }) => isLate)).toEqual([false, false, true]);
  });

  it('tells the claim that counts from those in vain', () => {
    const claimed = (second: number, worker: string, more: Record<string, unknown> = {}) =>
      at(second, 'started', { attempt: 1, worker, claim: `of ${worker}`, model: 'm', ...more });
    const until = (second: number) => ({ ahead_until: `2026-03-01T12:00:${second}.000Z` });
    const titles = (...claims: JobHistoryEvent[]) =>
      runsOf({ events: [at(0, 'requested', { attempt: 1 }), ...claims] })[0]?.steps.map(({ title }) => title);
    expect(
      titles(
        claimed(1, 'w1', until(31)),
        claimed(1, 'w2', until(31)),
        claimed(2, 'w2', { released: true }),
        claimed(11, 'w1', until(41)),
        claimed(12, 'w3'),
      ),
    ).toEqual([
      ...['Asked for', 'Started', 'Claimed in vain', 'Left it to the first', 'Still running'],
      'Claimed in vain',
    ]);
    // the first was handed back, or its time was over: the next counts
    expect(titles(claimed(1, 'w1'), claimed(2, 'w1', { released: true }), claimed(3, 'w2'))).toEqual([
      ...['Asked for', 'Started', 'Handed back unfinished', 'Started'],
    ]);
    expect(titles(claimed(1, 'w1', until(31)), claimed(40, 'w2'))?.at(-1)).toBe('Started');
  });

  it('shows events that it does not understand', () => {
    const runs = runsOf({
      events: [at(0, 'dead', { attempt: 1, error: 'odd', failures: [null, 7, { attempt: 'x' }] })],
    });
    expect(runs[0]?.steps[0]).toMatchObject({ title: 'Given up', detail: undefined });
    expect(runsOf({ events: [] })).toEqual([]);
  });
});
