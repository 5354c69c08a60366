import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { setImmediate as turnOfTheLoop } from 'node:timers/promises';
import type { Message, Position, ReadBatch, ReadOptions } from '@genfleet/bus';
import { messageIdOf, seqOf } from './message-id.ts';
import type { WakeUp } from './wake-up.ts';

const BATCH_SIZE = 500;
/** A batch ends with the message that goes beyond this, so that the event loop never waits long for one. */
const BATCH_CHARS = 512 * 1_024;

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

export interface TopicSource {
  readonly database: DatabaseSync;
  readonly wakeUp: WakeUp;
  /** Wakes at changes of this topic only, if given. */
  readonly topicId?: number;
  readonly topic: string;
  /** Has the columns seq, key, value, properties and time_ms, in which times never go back. */
  readonly table: string;
}

/** Replay, then tail, of one topic. */
export async function* readTopic(source: TopicSource, options: ReadOptions): AsyncGenerator<ReadBatch> {
  const { wakeUp } = source;
  const { signal, batchSize = BATCH_SIZE } = options;
  const rows = new TopicRows(source);
  let after = rows.startAfter(options.from);
  let changed = Promise.withResolvers<void>();
  const wake = () => changed.resolve();
  const unlisten = wakeUp.listen(wake, source.topicId);
  signal.addEventListener('abort', wake, { once: true });
  let saidSo = false;
  try {
    while (!signal.aborted) {
      // before looking, so that a change in between is not missed
      changed = Promise.withResolvers<void>();
      const { messages, last, caughtUp } = rows.batch(after, batchSize);
      after = last;
      if (messages.length > 0 || !saidSo) yield { messages, caughtUp };
      saidSo = caughtUp;
      if (!caughtUp) await turnOfTheLoop();
      else if (!signal.aborted) await changed.promise;
    }
  } finally {
    unlisten();
    signal.removeEventListener('abort', wake);
  }
}

class TopicRows {
  readonly #source: TopicSource;
  readonly #batch: StatementSync;
  readonly #last: StatementSync;
  readonly #next: StatementSync;

  constructor(source: TopicSource) {
    this.#source = source;
    const { database, table } = source;
    const columns = 'seq, key, value, properties, time_ms as timeMs';
    this.#batch = database.prepare(`select ${columns} from ${table} where seq > ? order by seq limit ?`);
    this.#last = database.prepare(`select seq from ${table} where seq > ? order by seq desc limit 1`);
    this.#next = database.prepare(
      `select seq, time_ms as timeMs from ${table} where seq > ? order by seq limit 1`,
    );
  }

  batch(after: number, limit: number): { messages: Message[]; last: number; caughtUp: boolean } {
    const messages: Message[] = [];
    let last = after;
    let chars = 0;
    for (const each of this.#batch.iterate(after, limit)) {
      const row = each as unknown as MessageRow;
      messages.push(toMessage(this.#source.topic, row));
      last = row.seq;
      chars += row.value.length;
      if (chars > BATCH_CHARS) return { messages, last, caughtUp: false };
    }
    return { messages, last, caughtUp: messages.length < limit };
  }

  /** The newest message's seq, 0 where there is none. */
  last(): number {
    return Number(this.#last.get(0)?.['seq'] ?? 0);
  }

  startAfter(from: Position): number {
    if (from === 'earliest') return 0;
    if (from === 'latest') return this.last();
    if ('afterMessageId' in from) return seqOf(from.afterMessageId);
    return this.#before(from.atTimeMs);
  }

  /** Times never go back, so the first message of a time is found by halving. */
  #before(timeMs: number): number {
    let low = 0;
    let high = this.last();
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      const row = this.#next.get(middle);
      if (row && Number(row['timeMs']) < timeMs) low = Number(row['seq']);
      else high = middle;
    }
    return low;
  }
}
