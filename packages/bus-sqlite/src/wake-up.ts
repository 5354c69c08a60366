import type { DatabaseSync, StatementSync } from 'node:sqlite';

/** How long another process's write may stay unseen. */
const POLL_MS = 20;

/** Tells listeners that the file changed: at once for writes of this process, within a poll for those of others. */
export class WakeUp {
  readonly #version: StatementSync;
  readonly #listeners = new Set<() => void>();
  #seen = -1;
  #timer: NodeJS.Timeout | undefined;
  #isDue = false;

  constructor(database: DatabaseSync) {
    this.#version = database.prepare('pragma data_version');
  }

  /** Calls back after changes until the result is called. Listeners must look for themselves what is new. */
  listen(callback: () => void): () => void {
    this.#listeners.add(callback);
    this.#timer ??= setInterval(() => this.#poll(), POLL_MS).unref();
    return () => {
      this.#listeners.delete(callback);
      if (this.#listeners.size > 0) return;
      clearInterval(this.#timer);
      this.#timer = undefined;
    };
  }

  /** This process changed the file. Calls that come together wake the listeners once. */
  ring(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    setImmediate(() => {
      this.#isDue = false;
      for (const callback of [...this.#listeners]) callback();
    });
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
