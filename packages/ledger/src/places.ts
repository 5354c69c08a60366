interface Waiter {
  readonly messageId: string;
  readonly resolve: (applied: boolean) => void;
}

/** How far each topic was folded, and who waits for it to be folded further. */
export class Places {
  readonly #places = new Map<string, string>();
  readonly #waiters = new Map<string, Set<Waiter>>();

  /** Resolves true once the topic was folded up to the message, false after `timeoutMs`. */
  reached(topic: string, messageId: string, timeoutMs: number): Promise<boolean> {
    if (this.#isPast(topic, messageId)) return Promise.resolve(true);
    return new Promise((resolve) => {
      const waiters = this.#waiters.get(topic) ?? new Set();
      this.#waiters.set(topic, waiters);
      const waiter: Waiter = {
        messageId,
        resolve: (applied) => {
          clearTimeout(timer);
          waiters.delete(waiter);
          resolve(applied);
        },
      };
      const timer = setTimeout(waiter.resolve, timeoutMs, false);
      waiters.add(waiter);
    });
  }

  /** Says that the topic was folded up to the message, durably as far as the view is. */
  advance(topic: string, messageId: string): void {
    this.#places.set(topic, messageId);
    for (const waiter of [...(this.#waiters.get(topic) ?? [])]) {
      if (this.#isPast(topic, waiter.messageId)) waiter.resolve(true);
    }
  }

  /** Nothing was folded after all; who waits goes on waiting. */
  reset(): void {
    this.#places.clear();
  }

  /** Ends all waiting with false. */
  close(): void {
    for (const waiters of this.#waiters.values()) for (const waiter of [...waiters]) waiter.resolve(false);
  }

  #isPast(topic: string, messageId: string): boolean {
    const place = this.#places.get(topic);
    return place !== undefined && place >= messageId;
  }
}
