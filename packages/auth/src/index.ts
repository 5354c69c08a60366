export type { Authenticator, Caller, Credentials, Refusal, Verdict } from './authenticator.ts';
export type { Permit, RateLimiter } from './rate-limiter.ts';
