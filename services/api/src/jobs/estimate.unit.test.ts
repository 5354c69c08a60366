import { describe, expect, it } from '@jest/globals';
import { estimateWaitMs } from './estimate.ts';

const load = { ahead: 0, running: 0, workers: 1, turnMs: 2_000, notBeforeMs: 0 };

describe('estimateWaitMs', () => {
  it('is zero when a worker is free', () => {
    expect(estimateWaitMs(load)).toBe(0);
    expect(estimateWaitMs({ ...load, running: 2, workers: 3 })).toBe(0);
  });

  it('counts the runs that must end first, shared among the workers', () => {
    expect(estimateWaitMs({ ...load, ahead: 4, running: 1 })).toBe(10_000);
    expect(estimateWaitMs({ ...load, ahead: 8, running: 2, workers: 2 })).toBe(9_000);
  });

  it('is at least what a retry has to wait', () => {
    expect(estimateWaitMs({ ...load, notBeforeMs: 25_000 })).toBe(25_000);
  });

  it('takes no worker for the one that will be started', () => {
    expect(estimateWaitMs({ ...load, ahead: 3, workers: 0 })).toBe(6_000);
  });
});
