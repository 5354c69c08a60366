import type { ObjectStore } from '@genfleet/artifacts';
import type { Bus, Message } from '@genfleet/bus';
import { type LedgerTable, ledgerTables } from '@genfleet/ledger';
import {
  archivedValue,
  type Extent,
  extended,
  type SegmentWriter,
  segmentOf,
  TopicArchive,
} from '../src/index.ts';

async function messagesBehind(bus: Bus, table: LedgerTable, after: string | undefined): Promise<Message[]> {
  const from = after === undefined ? 'earliest' : { afterMessageId: after };
  const found: Message[] = [];
  const stop = new AbortController();
  for await (const { messages, caughtUp } of bus.read(table.topic, { from, signal: stop.signal })) {
    found.push(...messages);
    if (caughtUp) stop.abort();
  }
  return found;
}

/** Puts everything that the topics hold beyond the archive into files of so many messages. */
export async function archiveTopics(
  { bus, objects, writer }: { bus: Bus; objects: ObjectStore; writer: SegmentWriter },
  messagesInFile: number,
): Promise<void> {
  for (const table of ledgerTables()) {
    const archive = new TopicArchive(objects, table.name);
    let after = (await archive.newest())?.last;
    const messages = await messagesBehind(bus, table, after);
    for (let at = 0; at < messages.length; at += messagesInFile) {
      const draft = await writer.begin(table);
      let extent: Extent | undefined;
      for (const message of messages.slice(at, at + messagesInFile)) {
        const { messageId, key, properties, publishTimeMs: timeMs } = message;
        extent = extended(extent, message);
        const kept = { properties: JSON.stringify(properties), value: archivedValue(message.value) };
        draft.add([{ messageId, key, timeMs, ...kept }]);
      }
      if (!extent) throw new Error('an empty segment');
      const bytes = await draft.finish();
      await draft.discard();
      const segment = segmentOf(table.name, after, extent, bytes);
      await archive.claim(segment);
      await archive.put(segment, bytes);
      after = segment.last;
    }
  }
}
