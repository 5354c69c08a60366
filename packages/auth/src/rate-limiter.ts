export type Permit = { readonly ok: true } | { readonly ok: false; readonly retryAfterSeconds: number };

/** Counts what callers ask for. */
export interface RateLimiter {
  /**
   * Takes one request off what this caller (`Caller.id`, or an address) has left for this minute. Never throws:
   * where the count can't be kept as it should, it is kept as well as can be.
   */
  take(callerId: string): Promise<Permit>;
  close(): Promise<void>;
}
