import type { GroupResult, MessageRow, Publishes } from './protocol.ts';

/** Held for a reader that is busy; beyond it the reader finds what comes in the file. */
const HELD = { messages: 500, chars: 512 * 1_024 };

/**
 * Hands what this process publishes to its own readers, once it is committed: a reader that stands at the end of its
 * topic need not look into the file for what comes next.
 */
export class Tails {
  readonly #byTopic = new Map<number, Set<Tail>>();

  /** Offers the topic's messages to the tail until the result is called. */
  add(topicId: number, tail: Tail): () => void {
    const tails = this.#byTopic.get(topicId) ?? new Set();
    this.#byTopic.set(topicId, tails.add(tail));
    return () => {
      tails.delete(tail);
    };
  }

  /** To be called for every group of this process, in the order of their commits. */
  published({ topics, keys, values, properties }: Publishes, { seqs, previous, timeMs }: GroupResult): void {
    for (const [index, topicId] of topics.entries()) {
      const row = {
        seq: seqs[index] ?? 0,
        key: keys[index] ?? '',
        value: values[index] ?? '',
        properties: properties[index] ?? null,
        timeMs,
      };
      for (const tail of this.#byTopic.get(topicId) ?? []) tail.offer(row, previous[index] ?? -1);
    }
  }
}

/** What one reader has not taken yet, without a gap behind what it has. */
export class Tail {
  readonly #wake: () => void;
  #rows: MessageRow[] = [];
  #chars = 0;
  /** The last of what the reader has and of what is held for it; undefined when it must look into the file. */
  #end: number | undefined;

  /** `wake` is called when there is something to take, or to look for. */
  constructor(wake: () => void) {
    this.#wake = wake;
  }

  /** `previous` is the message before this one on its topic. */
  offer(row: MessageRow, previous: number): void {
    if (this.#end === undefined || row.seq <= this.#end) return;
    this.#chars += row.value.length;
    if (previous !== this.#end || this.#rows.length >= HELD.messages || this.#chars > HELD.chars) {
      this.lose();
      return;
    }
    this.#rows.push(row);
    this.#end = row.seq;
    this.#wake();
  }

  /** There may be more than what this process has published: the reader has to look for itself. */
  lose(): void {
    this.#rows = [];
    this.#chars = 0;
    this.#end = undefined;
    this.#wake();
  }

  /** The reader has looked: it has all up to this message, and there was nothing behind it. */
  reached(seq: number): void {
    this.#end = seq;
  }

  /** What comes next, nothing when that is nothing; undefined when the reader must look into the file. */
  take(limit: number): { readonly rows: readonly MessageRow[]; readonly isAll: boolean } | undefined {
    if (this.#end === undefined) return undefined;
    const rows = this.#rows.splice(0, limit);
    const isAll = this.#rows.length === 0;
    if (isAll) this.#chars = 0;
    return { rows, isAll };
  }
}
