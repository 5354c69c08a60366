import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { BrokerClock } from './broker-clock.ts';

const NOW_MS = Date.parse('2026-01-01T00:00:00.400Z');
const SECOND = Date.parse('2026-01-01T00:00:00Z');
const HOUR_MS = 3_600_000;

describe('BrokerClock', () => {
  beforeEach(() => {
    jest.useFakeTimers({ now: NOW_MS });
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  /** An answer that took 20 ms and says the true second. */
  function hear(clock: BrokerClock, wrongMs = 0): void {
    const calledMs = performance.now();
    jest.advanceTimersByTime(20);
    const trueMs = Date.now() - wrongMs;
    clock.told(Math.floor(trueMs / 1_000) * 1_000, calledMs, performance.now());
  }

  it('is this process’s own as long as nobody said anything, and as long as that may be right', () => {
    const clock = new BrokerClock();
    expect(clock.nowMs()).toBe(NOW_MS);
    hear(clock);
    expect(clock.nowMs()).toBe(NOW_MS + 20);
    jest.advanceTimersByTime(HOUR_MS);
    expect(clock.nowMs()).toBe(NOW_MS + 20 + HOUR_MS);
    expect(clock.isInDoubt).toBe(false);
  });

  it.each([3 * HOUR_MS, -3 * HOUR_MS, 2_000])(
    'is the broker’s, to a second, when its own is wrong by %i ms',
    (wrongMs) => {
      jest.setSystemTime(NOW_MS + wrongMs);
      const clock = new BrokerClock();
      hear(clock, wrongMs);
      expect(Math.abs(clock.nowMs() - (NOW_MS + 20))).toBeLessThan(1_000);
    },
  );

  it('comes nearer with every answer', () => {
    jest.setSystemTime(NOW_MS + HOUR_MS);
    const clock = new BrokerClock();
    for (let answer = 0; answer < 40; answer++) {
      hear(clock, HOUR_MS);
      jest.advanceTimersByTime(330);
    }
    expect(Math.abs(clock.nowMs() - (Date.now() - HOUR_MS))).toBeLessThan(60);
  });

  it('follows a broker whose clock was set', () => {
    const clock = new BrokerClock();
    hear(clock);
    hear(clock, HOUR_MS);
    expect(Math.abs(clock.nowMs() - (Date.now() - HOUR_MS))).toBeLessThan(1_000);
  });

  it('is in doubt some time after an answer when its own clock says something else', () => {
    jest.setSystemTime(SECOND + HOUR_MS);
    const clock = new BrokerClock();
    hear(clock, HOUR_MS);
    expect(clock.isInDoubt).toBe(false);
    jest.advanceTimersByTime(6_000);
    expect(clock.isInDoubt).toBe(true);
    hear(clock, HOUR_MS);
    expect(clock.isInDoubt).toBe(false);
  });
});
