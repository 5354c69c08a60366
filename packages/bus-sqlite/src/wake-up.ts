import type { DatabaseSync, StatementSync } from 'node:sqlite';

/** How long another process's write may stay unseen. */
const POLL_MS = 20;

/** Tells listeners that the file may hold what others wrote. What this process writes is told to whom it concerns. */
export class WakeUp {
  readonly #version: StatementSync;
  readonly #listeners = new Set<() => void>();
  #seen = -1;
  #timer: NodeJS.Timeout | undefined;

  constructor(database: DatabaseSync) {
    this.#version = database.prepare('pragma data_version');
  }

  /** Calls back after changes until the result is called. Listeners must look for themselves what is new. */
  listen(callback: () => void): () => void {
    // a new function each time, so that one callback may listen twice
    const listener = () => callback();
    this.#listeners.add(listener);
    this.#timer ??= setInterval(() => this.#poll(), POLL_MS).unref();
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size > 0) return;
      clearInterval(this.#timer);
      this.#timer = undefined;
    };
  }

  ring(): void {
    for (const listener of [...this.#listeners]) listener();
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
