/** Who wants to hear of which job. */
export class JobListeners<Event extends { readonly id: string }> {
  readonly #listeners = new Map<string, Set<(event: Event) => void>>();

  /** Calls back for each event of the job until the signal aborts. */
  add(id: string, listener: (event: Event) => void, signal: AbortSignal): void {
    if (signal.aborted) return;
    const listeners = this.#listeners.get(id) ?? new Set();
    this.#listeners.set(id, listeners.add(listener));
    const remove = () => {
      listeners.delete(listener);
      if (listeners.size === 0 && this.#listeners.get(id) === listeners) this.#listeners.delete(id);
    };
    signal.addEventListener('abort', remove, { once: true });
  }

  tell(event: Event): void {
    for (const listener of this.#listeners.get(event.id) ?? []) listener(event);
  }
}
