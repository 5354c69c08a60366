import { describe, expect, it } from '@jest/globals';
import { estimateWaitSeconds } from './estimate.ts';

const load = { position: 0, running: 0, workers: 1, meanRunMs: 2_000, notBeforeMs: 0 };

describe('estimateWaitSeconds', () => {
  it('is zero when a worker is free', () => {
    expect(estimateWaitSeconds(load)).toBe(0);
    expect(estimateWaitSeconds({ ...load, running: 2, workers: 3 })).toBe(0);
  });

  it('counts the runs that must end first, shared among the workers', () => {
    expect(estimateWaitSeconds({ ...load, position: 4, running: 1 })).toBe(10);
    expect(estimateWaitSeconds({ ...load, position: 8, running: 2, workers: 2 })).toBe(9);
  });

  it('is at least what a retry has to wait', () => {
    expect(estimateWaitSeconds({ ...load, notBeforeMs: 25_000 })).toBe(25);
  });

  it('does not guess before the first run', () => {
    expect(estimateWaitSeconds({ ...load, meanRunMs: undefined })).toBeNull();
  });

  it('takes no worker for the one that will be started', () => {
    expect(estimateWaitSeconds({ ...load, position: 3, workers: 0 })).toBe(6);
  });
});
