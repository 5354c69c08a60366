/**
 * A controller that is aborted together with the first of these signals, for the same reason. Let go of them when the
 * work is over: a signal that lives as long as the engine would keep every controller that ever listened to it.
 */
export class LinkedAbort extends AbortController {
  readonly #signals: readonly AbortSignal[];
  readonly #follow = (event: Event) => this.abort((event.target as AbortSignal).reason);

  constructor(signals: readonly AbortSignal[]) {
    super();
    this.#signals = signals;
    for (const signal of signals) {
      if (signal.aborted) this.abort(signal.reason);
      else signal.addEventListener('abort', this.#follow, { once: true });
    }
  }

  /** What the promise gives, unless the signal is aborted first: then its reason, at once. */
  orAborted<T>(promise: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const giveUp = () => reject(this.signal.reason);
      if (this.signal.aborted) giveUp();
      else this.signal.addEventListener('abort', giveUp, { once: true });
      promise.then(resolve, reject);
    });
  }

  /** The work is over. */
  release(): void {
    for (const signal of this.#signals) signal.removeEventListener('abort', this.#follow);
  }
}
