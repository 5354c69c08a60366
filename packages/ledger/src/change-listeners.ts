import type { Logger } from '@genfleet/telemetry';
import type { Change } from './view.ts';

type Callback = (change: Change) => void;
const ANY = '';

/** Who wants to know of changes, by job. A callback that throws harms nobody else. */
export class ChangeListeners {
  readonly #log: Logger;
  readonly #callbacks = new Map<string, Set<Callback>>();

  constructor(log: Logger) {
    this.#log = log;
  }

  get isEmpty(): boolean {
    return this.#callbacks.size === 0;
  }

  add(id: string | undefined, callback: Callback, signal: AbortSignal): void {
    if (signal.aborted) return;
    const key = id ?? ANY;
    const callbacks = this.#callbacks.get(key) ?? new Set();
    this.#callbacks.set(key, callbacks);
    // a new function each time, so that one callback may listen twice
    const entry: Callback = (change) => callback(change);
    callbacks.add(entry);
    signal.addEventListener(
      'abort',
      () => {
        callbacks.delete(entry);
        if (callbacks.size === 0 && this.#callbacks.get(key) === callbacks) this.#callbacks.delete(key);
      },
      { once: true },
    );
  }

  notify(changes: readonly Change[]): void {
    for (const change of changes) {
      for (const key of [change.state.id, ANY]) {
        for (const callback of [...(this.#callbacks.get(key) ?? [])]) this.#call(callback, change);
      }
    }
  }

  #call(callback: Callback, change: Change): void {
    try {
      callback(change);
    } catch (err) {
      this.#log.error({ jobId: change.state.id, err }, 'a listener of the view failed');
    }
  }
}
