import { hash } from 'node:crypto';
import { encodeEvent, type JobEvent, type LedgerOrder, type Receipt, topicOf } from '@genfleet/job';
import type { JobHistory } from '../src/verify/judge.ts';
import { type Told, traceOf } from '../src/verify/trace.ts';

/** An event at its place, as the tests of `packages/job` make them. */
export interface Placed {
  readonly event: JobEvent;
  readonly order: LedgerOrder;
}

export function receiptOf({ event, order }: Placed): Receipt {
  return {
    id: event.id,
    kind: event.kind,
    topic: topicOf(event.type, event.kind).name,
    message_id: order.messageId,
    sha256: hash('sha256', encodeEvent(event)),
  };
}

/** What verification would have read of this ledger, with a receipt for every message that the API answers for. */
export function historyOf(ledger: readonly Placed[], receipts = receiptsOf(ledger)): JobHistory {
  const [first] = ledger;
  if (!first) throw new TypeError('an empty ledger is of no job');
  const events = ledger.map(({ event, order }): Told => ({ trace: traceOf(event), order, isSettled: true }));
  const found = (receipt: Receipt) => {
    const placed = ledger.find(({ order }) => order.messageId === receipt.message_id);
    return placed && { sha256: hash('sha256', encodeEvent(placed.event)), id: placed.event.id };
  };
  const { id, kind } = first.event;
  return {
    id,
    kind,
    events,
    receipts: receipts.map((receipt) => ({ receipt, found: found(receipt) })),
    isWhole: true,
  };
}

/** First requests, redrives and cancellations; retries and claims are the workers' own. */
export function receiptsOf(ledger: readonly Placed[]): Receipt[] {
  const isAnswered = ({ event }: Placed) =>
    event.type === 'cancelled' || (event.type === 'requested' && event.attempt === 1);
  return ledger.filter(isAnswered).map(receiptOf);
}
