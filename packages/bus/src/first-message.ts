import type { Topic } from '@genfleet/job';
import type { Bus, Message } from './bus.ts';

/**
 * The oldest message that a topic still holds; undefined for none. Throws what `read` throws, and the signal's reason when
 * it ends the reading.
 */
export async function firstMessage(
  bus: Pick<Bus, 'read'>,
  topic: Topic,
  signal: AbortSignal,
): Promise<Message | undefined> {
  const stop = new AbortController();
  const ends = AbortSignal.any([signal, stop.signal]);
  try {
    for await (const { messages, caughtUp } of bus.read(topic, {
      ...{ from: 'earliest', signal: ends, batchSize: 1 },
    })) {
      const [first] = messages;
      if (first || caughtUp) return first;
    }
  } finally {
    stop.abort();
  }
  signal.throwIfAborted();
  return undefined;
}
