import { z } from 'zod';
import { isUuid } from './job-id.ts';
import { KINDS } from './topic.ts';

/**
 * What a client holds against the ledger: that one message about its job stands there, with these very bytes. In a
 * file there is one to a line, as JSON. Made for requests, redrives and cancellations, each on its own topic.
 */
export const receiptSchema = z.object({
  /** Of the job. */
  id: z.string().refine(isUuid, { error: 'Invalid UUID in lower case' }),
  kind: z.enum(KINDS),
  /** The topic's bare name, without tenant and namespace. */
  topic: z.string().min(1).max(256),
  /** As the bus gave it; sorts as text in the order of the topic. */
  message_id: z.string().min(1).max(256),
  /** Of the message's bytes, in lower-case hexadecimal. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/, { error: 'Invalid SHA-256 in lower-case hexadecimal' }),
});

export type Receipt = z.output<typeof receiptSchema>;
