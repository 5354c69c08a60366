export { openRateLimiter, type RateLimitOptions } from './flexible-limiter.ts';
