import { holdsText, withoutText } from './completion.ts';
import type { JobEvent, RequestedEvent, StartedEvent } from './event.ts';
import {
  compareOrder,
  emptyState,
  type JobState,
  type LedgerOrder,
  type Outcome,
  type Start,
} from './state.ts';

/**
 * Adds an event to what is known of its job. Pure, idempotent and commutative: any order and any number of
 * repetitions of the same events gives the same state, because each part is a set or the least (or greatest)
 * member of one. That is what lets replicas read five topics side by side and still agree.
 */
export function evolve(state: JobState | undefined, event: JobEvent, order: LedgerOrder): JobState {
  const known = state ?? emptyState(event.id);
  if (event.redrive < known.redrive) return known;
  const current = event.redrive > known.redrive ? { ...emptyState(known.id), redrive: event.redrive } : known;
  switch (event.type) {
    case 'requested':
      return forgetText(withRequest(current, event, order));
    case 'started':
      return withStart(current, event, order);
    case 'completed':
      return withOutcome(current, { type: 'completed', order, event });
    case 'dead':
      return withOutcome(current, { type: 'dead', order, event });
    case 'cancelled':
      return withOutcome(current, { type: 'cancelled', order, time: event.time, reason: event.reason });
  }
}

/** A later attempt replaces an earlier one; of two messages for one attempt the first in the ledger stays. */
function withRequest(state: JobState, event: RequestedEvent, order: LedgerOrder): JobState {
  const { request, requestOrder } = state;
  if (request && requestOrder) {
    const isOlder = event.attempt < request.attempt;
    const isRepeat = event.attempt === request.attempt && compareOrder(order, requestOrder) >= 0;
    if (isOlder || isRepeat) return state;
  }
  return { ...state, request: event, requestOrder: order };
}

/** A claim, the times to which it was moved on and its release are one entry, whichever is read first. */
function withStart(state: JobState, event: StartedEvent, order: LedgerOrder): JobState {
  const { attempt, claim, worker, model, time } = event;
  const known = state.starts.find((start) => start.claim === claim);
  const isEarlier = !known || order.messageId < known.order.messageId;
  const released = (known?.released ?? false) || event.released;
  const aheadUntilMs = laterOf(
    known?.aheadUntilMs,
    event.ahead_until === undefined ? undefined : Date.parse(event.ahead_until),
  );
  if (!isEarlier && released === known.released && aheadUntilMs === known.aheadUntilMs) return state;
  const entry: Start = {
    ...(isEarlier ? { order, attempt, claim, worker, model, time } : known),
    released,
    ...(aheadUntilMs === undefined ? {} : { aheadUntilMs }),
  };
  const starts = [...state.starts.filter((start) => start !== known), entry];
  // by their places in their one topic: a clock that is wrong must not move an attempt before another
  return { ...state, starts: starts.sort((a, b) => (a.order.messageId < b.order.messageId ? -1 : 1)) };
}

function laterOf(a: number | undefined, b: number | undefined): number | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return Math.max(a, b);
}

function withOutcome(state: JobState, outcome: Outcome): JobState {
  if (state.outcome && compareOrder(state.outcome.order, outcome.order) <= 0) return state;
  return forgetText({ ...state, outcome });
}

/** Once a completion has ended, only one that says `store` keeps what its client wrote. */
function forgetText(state: JobState): JobState {
  const { request, outcome } = state;
  if (!outcome || request?.kind !== 'completion' || request.store) return state;
  if (!holdsText(request.settings)) return state;
  return { ...state, request: { ...request, settings: withoutText(request.settings) } };
}
