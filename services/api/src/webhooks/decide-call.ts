import { compareOrder, type JobState, type LedgerOrder } from '@genfleet/job';
import { GIVE_UP_MS } from './retry-delay.ts';
import type { EndEvent } from './webhook-message.ts';

export type CallDecision =
  | { readonly do: 'call'; readonly url: string; readonly state: JobState }
  /** Nobody wants to know, or has been told by another message: acknowledge it. */
  | { readonly do: 'drop' }
  /** The view does not hold enough yet. */
  | { readonly do: 'wait' }
  | { readonly do: 'abandon'; readonly reason: string };

/**
 * What is to be done about an end of a job that was read from the bus: only the one that the fold holds for its
 * outcome is told, so a receiver hears of each life of a job once.
 */
export function decideCall(
  event: EndEvent,
  order: LedgerOrder,
  state: JobState | undefined,
  nowMs: number,
): CallDecision {
  const isTooOld = nowMs - order.timeMs > GIVE_UP_MS;
  if (!state?.request || (!state.outcome && state.redrive <= event.redrive)) {
    return isTooOld ? { do: 'abandon', reason: 'its job is not in the ledger' } : { do: 'wait' };
  }
  const url = state.request.webhook_url;
  if (url === undefined || state.redrive > event.redrive) return { do: 'drop' };
  if (!state.outcome || compareOrder(state.outcome.order, order) !== 0) return { do: 'drop' };
  if (isTooOld) return { do: 'abandon', reason: 'it could not be delivered within 24 hours' };
  return { do: 'call', url, state };
}
