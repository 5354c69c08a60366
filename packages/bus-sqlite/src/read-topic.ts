import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { setImmediate as turnOfTheLoop } from 'node:timers/promises';
import type { Message, Position, ReadBatch, ReadOptions } from '@genfleet/bus';
import { messageIdOf, seqOf } from './message-id.ts';
import type { MessageRow } from './protocol.ts';
import { Tail, type Tails } from './tails.ts';
import type { WakeUp } from './wake-up.ts';

const BATCH_SIZE = 500;
/** A batch ends with the message that goes beyond this, so that the event loop never waits long for one. */
const BATCH_CHARS = 512 * 1_024;

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
  readonly tails: Tails;
  readonly topicId: number;
  readonly topic: string;
  /** Has the columns seq, key, value, properties and time_ms, in which times never go back. */
  readonly table: string;
}

/** Replay, then tail, of one topic. */
export async function* readTopic(source: TopicSource, options: ReadOptions): AsyncGenerator<ReadBatch> {
  const { wakeUp, tails, topicId, topic } = source;
  const { signal, batchSize = BATCH_SIZE } = options;
  const file = new TopicRows(source);
  let after = file.startAfter(options.from);
  let changed = Promise.withResolvers<void>();
  const wake = () => changed.resolve();
  const tail = new Tail(wake);
  const unlisten = wakeUp.listen(() => tail.lose());
  const remove = tails.add(topicId, tail);
  signal.addEventListener('abort', wake, { once: true });
  let saidSo = false;
  try {
    while (!signal.aborted) {
      // before looking, so that a change in between is not missed
      changed = Promise.withResolvers<void>();
      const handed = tail.take(batchSize);
      const { rows, caughtUp } = handed
        ? { rows: handed.rows, caughtUp: handed.isAll }
        : file.batch(after, batchSize);
      after = rows.at(-1)?.seq ?? after;
      if (!handed && caughtUp) tail.reached(after);
      const messages = rows.map((row) => toMessage(topic, row));
      if (messages.length > 0 || !saidSo) yield { messages, caughtUp };
      saidSo = caughtUp;
      if (!caughtUp) await turnOfTheLoop();
      else if (!signal.aborted) await changed.promise;
    }
  } finally {
    unlisten();
    remove();
    signal.removeEventListener('abort', wake);
  }
}

class TopicRows {
  readonly #batch: StatementSync;
  readonly #last: StatementSync;
  readonly #next: StatementSync;

  constructor({ database, table }: TopicSource) {
    const columns = 'seq, key, value, properties, time_ms as timeMs';
    this.#batch = database.prepare(`select ${columns} from ${table} where seq > ? order by seq limit ?`);
    this.#last = database.prepare(`select seq from ${table} where seq > ? order by seq desc limit 1`);
    this.#next = database.prepare(
      `select seq, time_ms as timeMs from ${table} where seq > ? order by seq limit 1`,
    );
  }

  batch(after: number, limit: number): { rows: readonly MessageRow[]; caughtUp: boolean } {
    const rows: MessageRow[] = [];
    let chars = 0;
    for (const each of this.#batch.iterate(after, limit)) {
      const row = each as unknown as MessageRow;
      rows.push(row);
      chars += row.value.length;
      if (chars > BATCH_CHARS) return { rows, caughtUp: false };
    }
    return { rows, caughtUp: rows.length < limit };
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
