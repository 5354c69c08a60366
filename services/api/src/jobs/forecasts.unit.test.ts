import {
  decideRequest,
  type EventType,
  emptyState,
  imageRequestSchema,
  type JobState,
  newJobId,
} from '@genfleet/job';
import type { Change } from '@genfleet/ledger';
import { describe, expect, it } from '@jest/globals';
import { Forecasts } from './forecasts.ts';

/** A view of which only the changes are told. */
function rig() {
  const listeners = new Map<string, (change: Change) => void>();
  let nowMs = 1_000;
  const view = {
    onChange: (id: string | undefined, callback: (change: Change) => void, signal: AbortSignal) => {
      listeners.set(String(id), callback);
      signal.addEventListener('abort', () => listeners.delete(String(id)));
    },
  };
  const forecasts = new Forecasts(view, () => nowMs, new AbortController().signal);
  const pass = (ms: number) => {
    nowMs += ms;
  };
  return { listeners, forecasts, pass };
}

function waiting(priority?: 'high'): JobState {
  const id = newJobId(1_000);
  const body = imageRequestSchema.parse({ generation_settings: { prompt: 'x' }, priority });
  const request = decideRequest(body, { id, tenant: 't', nowMs: 1_000, seed: 1 });
  const requestOrder = { timeMs: 1_000, type: 'requested' as EventType, messageId: '1' };
  return { ...emptyState(id), request, requestOrder };
}

function begun(state: JobState): Change {
  const order = { timeMs: 2_000, type: 'started' as EventType, messageId: '2' };
  const start = { order, attempt: 1, released: false, claim: 'c', worker: 'w', model: 'm', time: '' };
  return { order, event: {} as Change['event'], state: { ...state, starts: [start] } };
}

const forecast = { waitMs: 10_000, turnMs: 1_000 };
const standing = { level: 1, ahead: 0, isModelHeld: true };

describe('Forecasts', () => {
  it('learns from jobs that begin what a forecast means, for each priority and held model by itself', () => {
    const { listeners, forecasts, pass } = rig();
    for (let n = 0; n < 30; n++) {
      const job = waiting();
      forecasts.correct(job, standing, forecast);
      pass(20_500);
      listeners.get(job.id)?.(begun(job));
    }
    expect(listeners.size).toBe(0);
    expect(forecasts.correct(waiting(), standing, forecast)?.medianMs).toBeCloseTo(20_500);
    for (const other of [{ ...standing, level: 0 }, { ...standing, isModelHeld: false }, undefined]) {
      expect(forecasts.correct(waiting('high'), other, forecast)).toBeUndefined();
    }
  });

  it('learns nothing from a job that ended without having begun', () => {
    const { listeners, forecasts, pass } = rig();
    for (let n = 0; n < 30; n++) {
      const job = waiting();
      forecasts.correct(job, standing, forecast);
      pass(5_000);
      const { order, event } = begun(job);
      const outcome = { type: 'cancelled' as const, order, time: '', reason: '' };
      listeners.get(job.id)?.({ order, event, state: { ...job, outcome } });
    }
    expect([listeners.size, forecasts.correct(waiting(), standing, forecast)]).toEqual([0, undefined]);
  });

  it('watches no more than it can hold, and no more of a job than says something', () => {
    const { listeners, forecasts, pass } = rig();
    const job = waiting();
    for (let n = 0; n < 30; n++) {
      forecasts.correct(job, standing, forecast);
      pass(500);
    }
    expect(listeners.size).toBe(1);
    for (let n = 0; n < 4_500; n++) {
      // of those alike fewer are kept the longer they wait
      const other = { level: n % 3, ahead: 0, isModelHeld: n % 2 === 0 };
      forecasts.correct(waiting(), other, forecast);
      pass(60_000);
    }
    expect(listeners.size).toBe(1_000);
  });
});
