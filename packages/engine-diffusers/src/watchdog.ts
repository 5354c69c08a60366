import { GenfleetError } from '@genfleet/job';

/** Aborts a request that stands still. Each `expect` replaces the one before. */
export class Watchdog {
  readonly #abort = new AbortController();
  #timer: NodeJS.Timeout | undefined;

  /** Aborted with the GenfleetError `engine_timeout` that says what did not come. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** Something must be heard within this time. */
  expect(what: string, withinMs: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#abort.abort(new GenfleetError('engine_timeout', `engine gave no ${what} for ${withinMs} ms`));
    }, withinMs);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}
