import type { Fetch, Fetched, Handed } from './protocol.ts';

interface Standing {
  readonly fetch: Fetch;
  /** Hand-outs so far that answered no fetch. */
  readonly handed: number;
}

/**
 * Fetches that found less than they have room for. What is published next is handed to them in the very transaction
 * that stores it: no second way through the thread for a message that somebody waits for.
 */
export class StandingFetches {
  #byConsumer = new Map<number, Standing>();

  /** For a transaction that fails. */
  snapshot(): () => void {
    const before = new Map(this.#byConsumer);
    return () => {
      this.#byConsumer = before;
    };
  }

  /**
   * Whether the consumer's count of hand-outs is up to date. If not, one is on its way to it, its room is no longer
   * what it believes, and it will ask again.
   */
  isCurrent({ standing }: Fetch): boolean {
    return !standing || (this.#byConsumer.get(standing.consumer)?.handed ?? 0) <= standing.seen;
  }

  /** The fetch was answered; it stands for the rest of its room. */
  answered(fetch: Fetch, { rows, more }: Fetched): void {
    const { standing } = fetch;
    if (!standing) return;
    const limit = more ? 0 : fetch.limit - rows.length;
    this.#byConsumer.set(standing.consumer, { fetch: { ...fetch, limit }, handed: standing.seen });
  }

  withdraw(consumer: number): void {
    const known = this.#byConsumer.get(consumer);
    if (known) this.#byConsumer.set(consumer, { ...known, fetch: { ...known.fetch, limit: 0 } });
  }

  /** Hands out what the topics have, to those who stand for it: first to whom was handed nothing for the longest. */
  serve(topics: ReadonlySet<number>, take: (fetch: Fetch) => Fetched): Handed[] {
    const all: Handed[] = [];
    for (const [consumer, { fetch, handed }] of [...this.#byConsumer]) {
      if (fetch.limit <= 0 || !topics.has(fetch.topic)) continue;
      const fetched = take(fetch);
      // also of what is not due yet somebody has to know when it is
      if (fetched.rows.length === 0 && fetched.nextDueMs === undefined) continue;
      const limit = fetched.more ? 0 : fetch.limit - fetched.rows.length;
      this.#byConsumer.delete(consumer);
      this.#byConsumer.set(consumer, { fetch: { ...fetch, limit }, handed: handed + 1 });
      all.push({ consumer, ...fetched });
    }
    return all;
  }
}
