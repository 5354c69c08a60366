import { type Segment, segmentOf } from '@genfleet/archive';
import { GenfleetError } from '@genfleet/job';
import { OpenSegment } from './open-segment.ts';
import type { TopicParts } from './options.ts';

/**
 * Puts the file of a claimed segment, read from its topic: the same rows whenever it is done, and the same bytes from the
 * same version of the writer. @throws GenfleetError `ledger_failed`, not retryable, when the topic no longer holds them.
 */
export async function rewrite(parts: TopicParts, segment: Segment, signal: AbortSignal): Promise<void> {
  const { archive, writer, table } = parts;
  const open = new OpenSegment(writer, table);
  try {
    await readAgain(parts, segment, open, signal);
    const { extent } = open;
    const isWhole =
      extent?.first === segment.first && extent.last === segment.last && extent.messages === segment.messages;
    if (!isWhole) {
      const message = `the archive lacks ${segment.file}, whole, and ${table.name} no longer holds its messages`;
      throw new GenfleetError('ledger_failed', message, { retryable: false });
    }
    const bytes = await open.finish();
    const { size_bytes, sha256 } = segmentOf(table.name, segment.after, extent, bytes);
    if (sha256 !== segment.sha256) await archive.rename({ ...segment, size_bytes, sha256 });
    await archive.put(segment, bytes);
  } finally {
    await open.discard();
  }
}

async function readAgain(
  { bus, table }: TopicParts,
  { after, last }: Segment,
  open: OpenSegment,
  signal: AbortSignal,
): Promise<void> {
  const stop = new AbortController();
  const from = after === undefined ? 'earliest' : { afterMessageId: after };
  const options = { from, signal: AbortSignal.any([signal, stop.signal]) } as const;
  for await (const { messages, caughtUp } of bus.read(table.topic, options)) {
    for (const message of messages) if (message.messageId <= last) open.add(message, 0);
    await open.flush();
    if (caughtUp || (messages.at(-1)?.messageId ?? '') >= last) break;
  }
  stop.abort();
  // a reading that was stopped says nothing about what the topic holds
  signal.throwIfAborted();
}
