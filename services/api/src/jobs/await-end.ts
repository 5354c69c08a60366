import { isTerminal, type JobState, statusOf } from '@genfleet/job';
import type { View } from '@genfleet/ledger';

/**
 * Resolves with the job once it has ended, or undefined after `timeoutMs` or when the signal aborts. A job
 * that has ended already resolves at once.
 */
export function awaitEnd(
  view: Pick<View, 'job' | 'onChange'>,
  id: string,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<JobState | undefined> {
  return new Promise((resolve) => {
    const watching = new AbortController();
    const settle = (state: JobState | undefined) => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      watching.abort();
      resolve(state);
    };
    const onAbort = () => settle(undefined);
    const timer = setTimeout(onAbort, timeoutMs);
    view.onChange(id, ({ state }) => hasEnded(state) && settle(state), watching.signal);
    const now = view.job(id);
    if (now && hasEnded(now)) settle(now);
    else if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
  });
}

function hasEnded(state: JobState): boolean {
  return state.request !== undefined && isTerminal(statusOf(state));
}
