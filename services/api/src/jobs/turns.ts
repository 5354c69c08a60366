/** What may go on at once. */
export interface TurnLimits {
  readonly running: number;
  /** Waiting for a turn beside those. */
  readonly waiting: number;
  /** Running and waiting, of one caller. */
  readonly perCaller: number;
}

/** Bounds what is asked of something slow: so many at once, so many in line, so many of one caller. */
export class Turns {
  readonly #limits: TurnLimits;
  readonly #held = new Map<string, number>();
  readonly #line = new Set<() => void>();
  #running = 0;

  constructor(limits: TurnLimits) {
    this.#limits = limits;
  }

  /**
   * Runs the work when its turn has come, and gives up waiting with the signal's reason. Undefined at once where there is no room for another.
   */
  take<T>(caller: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> | undefined {
    const { running, waiting, perCaller } = this.#limits;
    const held = this.#held.get(caller) ?? 0;
    if (held >= perCaller || this.#running + this.#line.size >= running + waiting) return undefined;
    this.#held.set(caller, held + 1);
    return this.#run(signal, work).finally(() => this.#release(caller));
  }

  async #run<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    if (this.#running >= this.#limits.running) await this.#wait(signal);
    else this.#running += 1;
    try {
      signal.throwIfAborted();
      return await work();
    } finally {
      const [next] = this.#line;
      // the turn is handed on, so that nobody who comes now is first
      if (next) next();
      else this.#running -= 1;
    }
  }

  #wait(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const leave = () => {
        this.#line.delete(begin);
        signal.removeEventListener('abort', give);
      };
      const begin = () => {
        leave();
        resolve();
      };
      const give = () => {
        leave();
        reject(signal.reason);
      };
      this.#line.add(begin);
      signal.addEventListener('abort', give, { once: true });
    });
  }

  #release(caller: string): void {
    const held = (this.#held.get(caller) ?? 1) - 1;
    if (held > 0) this.#held.set(caller, held);
    else this.#held.delete(caller);
  }
}
