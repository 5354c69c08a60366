import { setTimeout as sleep } from 'node:timers/promises';
import { GenfleetError } from '@genfleet/job';

const FIRST_WAIT_MS = 50;
const LONGEST_WAIT_MS = 2_000;

/**
 * Calls `work` until it succeeds, with doubling waits, for about `patienceMs`; then throws its last error.
 * Errors that are not retryable end it at once, and so does the signal.
 */
export async function retry<T>(
  work: () => Promise<T>,
  options: { patienceMs: number; signal?: AbortSignal },
): Promise<T> {
  const endMs = performance.now() + options.patienceMs;
  for (let waitMs = FIRST_WAIT_MS; ; waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS)) {
    try {
      return await work();
    } catch (error) {
      const isPermanent = error instanceof GenfleetError && !error.retryable;
      if (isPermanent || options.signal?.aborted || performance.now() + waitMs > endMs) throw error;
    }
    await sleep(waitMs, undefined, options.signal ? { signal: options.signal } : {}).catch(() => undefined);
  }
}
