import type { Receipt } from './types.ts';

/** The receipt that an answer of the API carries, if it wrote to the ledger. */
export function receiptIn(response: Response): Receipt | undefined {
  const line = response.headers.get('genfleet-receipt');
  return line === null ? undefined : (JSON.parse(line) as Receipt);
}
