import type { Receipt } from '@genfleet/job';
import type { Published } from './publisher.ts';

export function receiptOf({ id, kind, topic, messageId, sha256 }: Published): Receipt {
  return { id, kind, topic: topic.name, message_id: messageId, sha256 };
}

/**
 * The receipt as headers: the whole of it as the line that `genfleet verify` reads, and its parts by themselves.
 * Bodies are left as their clients know them.
 */
export function receiptHeaders(published: Published): Record<string, string> {
  return {
    'genfleet-receipt': JSON.stringify(receiptOf(published)),
    'genfleet-message-id': published.messageId,
    'genfleet-message-sha256': published.sha256,
  };
}

interface Admission {
  readonly receipt: Published | undefined;
  readonly isReplay: boolean;
}

/** For an answer to a request that made a job, or repeated one. */
export function admittedHeaders({ receipt, isReplay }: Admission): Record<string, string> {
  return {
    ...(receipt ? receiptHeaders(receipt) : {}),
    ...(isReplay ? { 'idempotency-replayed': 'true' } : {}),
  };
}
