import { describe, expect, it } from '@jest/globals';
import { completedHead } from './completed.ts';
import type { Run } from './run.ts';

const ASKED = '2026-01-02T03:04:05.000Z';

describe('completedHead', () => {
  it('says how long each part took, in ms with three digits at most', () => {
    const run = { request: { request_time: ASKED }, attempt: 1, startedMs: Date.parse(ASKED) + 35 } as Run;
    const made = {
      model: 'm',
      model_load_ms: 394.043_704_000_010_6,
      generate_ms: 2_631.559_380_999_999,
      store_ms: 0,
    };
    expect(completedHead({ worker: 'w', now: () => Date.parse(ASKED) + 3_000 }, run, made)).toMatchObject({
      timings: { queued_ms: 35, model_load_ms: 394.044, generate_ms: 2_631.559, store_ms: 0 },
      complete_time: '2026-01-02T03:04:08.000Z',
    });
  });
});
