import type { DataVersion } from './data-version.ts';

/** How long another process's write may stay unseen. */
export const POLL_MS = 20;

/** Tells listeners that the file may hold what others wrote. What this process writes is told to whom it concerns. */
export class WakeUp {
  readonly #version: DataVersion | undefined;
  readonly #listeners = new Set<() => void>();
  #timer: NodeJS.Timeout | undefined;

  /** Looks at the file itself where it is given its version; else somebody has to `ring`. */
  constructor(version?: DataVersion) {
    this.#version = version;
  }

  /** Calls back after changes until the result is called. Listeners must look for themselves what is new. */
  listen(callback: () => void): () => void {
    // a new function each time, so that one callback may listen twice
    const listener = () => callback();
    this.#listeners.add(listener);
    if (this.#version) this.#timer ??= setInterval(() => this.#poll(), POLL_MS).unref();
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
    if (this.#version?.hasChanged()) this.ring();
  }
}
