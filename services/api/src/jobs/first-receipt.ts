import type { Bus } from '@genfleet/bus';
import { jobIdTimeMs, type Kind, topicOf } from '@genfleet/job';
import type { Published } from './publisher.ts';

/** The clocks that made an id and stamped its message differ by this at most, else there is no receipt. */
const SKEW_MS = 2_000;
const MAX_MESSAGES = 20_000;
const WITHIN_MS = 2_000;

/**
 * Where the message stands that made the job, read from its topic again: for a client that did not get the first
 * answer. Undefined when it is not found soon, or the topic has forgotten it.
 */
export async function firstReceipt(bus: Bus, kind: Kind, id: string): Promise<Published | undefined> {
  const madeMs = jobIdTimeMs(id);
  if (madeMs === undefined) return undefined;
  const topic = topicOf('requested', kind);
  const from = { atTimeMs: madeMs - SKEW_MS };
  let left = MAX_MESSAGES;
  try {
    for await (const batch of bus.read(topic, { from, signal: AbortSignal.timeout(WITHIN_MS) })) {
      const found = batch.messages.find(({ key }) => key === id);
      if (found) {
        return { id, kind, topic, messageId: found.messageId, value: found.value };
      }
      left -= batch.messages.length;
      if (batch.caughtUp || left <= 0) return undefined;
    }
  } catch {
    // the job is there all the same
  }
  return undefined;
}
