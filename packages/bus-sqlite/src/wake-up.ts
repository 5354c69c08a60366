import type { DatabaseSync, StatementSync } from 'node:sqlite';

/** How long another process's write may stay unseen. */
const POLL_MS = 20;

/** Tells listeners that the file changed: at once for writes of this process, within a poll for those of others. */
export class WakeUp {
  readonly #version: StatementSync;
  readonly #listeners = new Map<() => void, number | 'foreign' | undefined>();
  #seen = -1;
  #timer: NodeJS.Timeout | undefined;
  /** Topics that listeners are about to be told of. */
  #due: Set<number> | 'all' | undefined;

  constructor(database: DatabaseSync) {
    this.#version = database.prepare('pragma data_version');
  }

  /**
   * Calls back after changes until the result is called: of the topic if one is given, or of `foreign` ones only,
   * which this process did not make. Listeners must look for themselves what is new.
   */
  listen(callback: () => void, topicId?: number | 'foreign'): () => void {
    this.#listeners.set(callback, topicId);
    this.#timer ??= setInterval(() => this.#poll(), POLL_MS).unref();
    return () => {
      this.#listeners.delete(callback);
      if (this.#listeners.size > 0) return;
      clearInterval(this.#timer);
      this.#timer = undefined;
    };
  }

  /** This process published to the topic, or changed who knows what. Calls that come together wake once. */
  ring(topicId?: number): void {
    if (this.#due === undefined) setImmediate(() => this.#wake());
    if (topicId === undefined || this.#due === 'all') this.#due = 'all';
    else this.#due = (this.#due ?? new Set()).add(topicId);
  }

  #wake(): void {
    const due = this.#due;
    this.#due = undefined;
    if (due === undefined) return;
    for (const [callback, topicId] of [...this.#listeners]) {
      if (due === 'all' || topicId === undefined || (topicId !== 'foreign' && due.has(topicId))) callback();
    }
  }

  close(): void {
    clearInterval(this.#timer);
    this.#listeners.clear();
  }

  #poll(): void {
    const version = Number(this.#version.get()?.['data_version'] ?? 0);
    if (version === this.#seen) return;
    this.#seen = version;
    this.ring();
  }
}
