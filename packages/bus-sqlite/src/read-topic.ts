import type { DatabaseSync } from 'node:sqlite';
import type { Message, Position, ReadBatch, ReadOptions } from '@genfleet/bus';
import { messageIdOf, seqOf } from './message-id.ts';
import type { WakeUp } from './wake-up.ts';

const BATCH_SIZE = 500;

export interface MessageRow {
  readonly seq: number;
  readonly key: string;
  readonly value: string;
  readonly properties: string | null;
  readonly timeMs: number;
}

export function toMessage(topic: string, row: MessageRow): Message {
  return {
    messageId: messageIdOf(row.seq),
    topic,
    key: row.key,
    value: row.value,
    properties: row.properties === null ? {} : (JSON.parse(row.properties) as Record<string, string>),
    publishTimeMs: row.timeMs,
  };
}

/** Replay, then tail, of one topic in a table `messages(seq, topic, key, value, properties, time_ms)`. */
export async function* readTopic(
  source: { database: DatabaseSync; wakeUp: WakeUp; topicId: number | string; topic: string },
  options: ReadOptions,
): AsyncGenerator<ReadBatch> {
  const { database, wakeUp, topicId, topic } = source;
  const { signal, batchSize = BATCH_SIZE } = options;
  const select = database.prepare(
    `select seq, key, value, properties, time_ms as timeMs from messages
     where topic = ? and seq > ? order by seq limit ?`,
  );
  let after = startAfter(database, topicId, options.from);
  let changed = Promise.withResolvers<void>();
  const wake = () => changed.resolve();
  const unlisten = wakeUp.listen(wake);
  signal.addEventListener('abort', wake, { once: true });
  let saidSo = false;
  try {
    while (!signal.aborted) {
      // before looking, so that a change in between is not missed
      changed = Promise.withResolvers<void>();
      const rows = select.all(topicId, after, batchSize) as unknown as MessageRow[];
      const caughtUp = rows.length < batchSize;
      after = rows.at(-1)?.seq ?? after;
      if (rows.length > 0 || !saidSo) yield { messages: rows.map((row) => toMessage(topic, row)), caughtUp };
      saidSo = caughtUp;
      if (caughtUp && !signal.aborted) await changed.promise;
    }
  } finally {
    unlisten();
    signal.removeEventListener('abort', wake);
  }
}

function startAfter(database: DatabaseSync, topicId: number | string, from: Position): number {
  if (from === 'earliest') return 0;
  if (from === 'latest') {
    const row = database.prepare('select max(seq) as seq from messages where topic = ?').get(topicId);
    return Number(row?.['seq'] ?? 0);
  }
  if ('afterMessageId' in from) return seqOf(from.afterMessageId);
  const before = 'select max(seq) as seq from messages where topic = ? and time_ms < ?';
  return Number(database.prepare(before).get(topicId, from.atTimeMs)?.['seq'] ?? 0);
}
