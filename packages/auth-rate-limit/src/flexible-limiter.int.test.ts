import { randomUUID } from 'node:crypto';
import { describeRateLimiterContract } from '@genfleet/auth/contract';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { provide } from '../../../tools/provision/components.ts';
import { openRateLimiter } from './flexible-limiter.ts';

const redis = await provide('redis');
const warn = () => undefined;

describeRateLimiterContract('in memory', {
  open: (perMinute) => openRateLimiter({ perMinute, warn }),
  supports: { shared: 'each process counts for itself' },
});

describe('a minute in memory', () => {
  afterEach(() => {
    jest.useRealTimers();
  });

  it('begins with the first request, and ends', async () => {
    jest.useFakeTimers({ now: Date.parse('2026-03-01T08:00:00Z') });
    const limiter = await openRateLimiter({ perMinute: 2, warn });
    expect([(await limiter.take('a')).ok, (await limiter.take('a')).ok]).toEqual([true, true]);
    expect(await limiter.take('a')).toEqual({ ok: false, retryAfterSeconds: 60 });
    jest.advanceTimersByTime(45_500);
    expect(await limiter.take('a')).toEqual({ ok: false, retryAfterSeconds: 15 });
    jest.advanceTimersByTime(14_500);
    expect(await limiter.take('a')).toEqual({ ok: true });
  });
});

if ('missing' in redis) {
  describe('counts in Redis', () => {
    it.skip(`needs Redis: ${redis.missing}`, () => undefined);
  });
} else {
  describeRateLimiterContract('in Redis', {
    open: (perMinute) => openRateLimiter({ perMinute, redisUrl: redis.url, warn }),
    supports: { shared: true },
  });
}

describe('counts in a Redis that is away', () => {
  it('go on in memory, and that is said once', async () => {
    const warned: string[] = [];
    // nobody listens there
    const redisUrl = 'redis://127.0.0.1:1';
    const limiter = await openRateLimiter({
      perMinute: 5,
      redisUrl,
      warn: (message) => warned.push(message),
    });
    const caller = randomUUID();
    const permits = await Promise.all(Array.from({ length: 20 }, () => limiter.take(caller)));
    expect(permits.filter(({ ok }) => ok)).toHaveLength(5);
    expect(warned).toHaveLength(1);
    expect(warned[0]).toContain('each replica counts requests for itself');
    await limiter.close();
  });
});
