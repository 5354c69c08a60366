import type { Permit, RateLimiter } from '@genfleet/auth';
import { openRedisConnection, type RedisConnection } from '@genfleet/redis-connection';
import { RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';

const MINUTE_SECONDS = 60;
const PREFIX = 'genfleet:rate';

export interface RateLimitOptions {
  /** Requests of one caller within a minute, which begins with the first. */
  readonly perMinute: number;
  /** Counts for all replicas together. Default: in memory. */
  readonly redisUrl?: string;
  /** Told once when Redis goes away, and once when it is back. */
  readonly warn: (message: string) => void;
}

/** A limiter of this process, or of all that share a Redis; while that is away each counts for itself. */
export async function openRateLimiter({ perMinute, redisUrl, warn }: RateLimitOptions): Promise<RateLimiter> {
  const limits = { points: perMinute, duration: MINUTE_SECONDS, keyPrefix: PREFIX };
  const memory = new RateLimiterMemory(limits);
  if (redisUrl === undefined) {
    return { take: (callerId) => consume(memory, callerId), close: async () => undefined };
  }
  const meanwhile = 'each replica counts requests for itself';
  const redis = await openRedisConnection({ url: redisUrl, meanwhile, warn });
  const shared = new RateLimiterRedis({ ...limits, storeClient: scriptsOver(redis), useRedisPackage: true });
  return {
    take: (callerId) => consume(shared, callerId).catch(() => consume(memory, callerId)),
    close: () => redis.close(),
  };
}

/** @throws what the limiter's store throws; that the caller is over the limit is an answer. */
async function consume(limiter: Pick<RateLimiterMemory, 'consume'>, callerId: string): Promise<Permit> {
  try {
    await limiter.consume(callerId);
    return { ok: true };
  } catch (thrown) {
    if (!(thrown instanceof RateLimiterRes)) throw thrown;
    const seconds = Math.ceil(thrown.msBeforeNext / 1_000);
    return { ok: false, retryAfterSeconds: Math.min(Math.max(seconds, 1), MINUTE_SECONDS) };
  }
}

/** All that the limiter needs of its client: one script for each count. The connection behind it may change. */
function scriptsOver(redis: RedisConnection) {
  return {
    eval: async (script: string, options: { keys: string[]; arguments: string[] }) => {
      const answer = await redis.run((client) => client.eval(script, options));
      // caught above, where the count goes on in memory
      if (!answer.ok) throw new Error('Redis is away');
      return answer.value;
    },
  };
}
