import { hash } from 'node:crypto';
import type { Receipt } from '@genfleet/job';
import type { Published } from './publisher.ts';

export function receiptOf({ id, kind, topic, messageId, value }: Published): Receipt {
  return { id, kind, topic: topic.name, message_id: messageId, sha256: hash('sha256', value) };
}

/**
 * The receipt as headers: the whole of it as the line that `genfleet verify` reads, and its parts by themselves.
 * Bodies are left as their clients know them.
 */
export function receiptHeaders(published: Published): Record<string, string> {
  const receipt = receiptOf(published);
  return {
    'genfleet-receipt': JSON.stringify(receipt),
    'genfleet-message-id': receipt.message_id,
    'genfleet-message-sha256': receipt.sha256,
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
