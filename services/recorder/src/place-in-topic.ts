import type { Segment } from '@genfleet/archive';
import type { Message } from '@genfleet/bus';
import { GenfleetError } from '@genfleet/job';
import type { TopicParts } from './options.ts';

/** What clocks of producers may differ by. */
const SKEW_MS = 600_000;

/**
 * Whether the topic goes on behind the end of the archive. `gap`: it begins behind it, so that messages between the two,
 * if there were any, are lost. @throws GenfleetError `ledger_failed`, not retryable, when it is another topic.
 */
export async function placeInTopic(
  { bus, table: { topic } }: TopicParts,
  newest: Segment | undefined,
  signal: AbortSignal,
): Promise<'follows' | 'gap'> {
  if (newest === undefined) return 'follows';
  const last = await bus.lastMessageId(topic);
  if (last === undefined) return 'follows';
  const first = await firstOf(bus, topic, signal);
  // what came before the archive's end in the topic was not published after it
  const isYounger =
    first !== undefined &&
    first.messageId <= newest.last &&
    first.publishTimeMs > newest.last_time_ms + SKEW_MS;
  if (last < newest.last || isYounger) {
    const message = `the archive's ${topic.name} is of another bus; set ARCHIVE_URL to a place of this bus's own`;
    throw new GenfleetError('ledger_failed', message, { retryable: false });
  }
  return first !== undefined && first.messageId > newest.last ? 'gap' : 'follows';
}

async function firstOf(
  bus: TopicParts['bus'],
  topic: TopicParts['table']['topic'],
  signal: AbortSignal,
): Promise<Message | undefined> {
  const stop = new AbortController();
  const ends = AbortSignal.any([signal, stop.signal]);
  for await (const { messages, caughtUp } of bus.read(topic, {
    ...{ from: 'earliest', signal: ends, batchSize: 1 },
  })) {
    const [first] = messages;
    if (first || caughtUp) {
      stop.abort();
      return first;
    }
  }
  signal.throwIfAborted();
  return undefined;
}
