import { GenfleetError } from '@genfleet/job';

/** Aborts what stands still, with the GenfleetError `engine_timeout`. */
export class Watchdog {
  readonly #limitMs: number;
  readonly #abort: AbortController;
  #timer: NodeJS.Timeout | undefined;

  constructor(limitMs: number, abort: AbortController) {
    this.#limitMs = limitMs;
    this.#abort = abort;
    this.heard();
  }

  /** There was a sign of life; from now on the time runs anew. */
  heard(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#abort.abort(new GenfleetError('engine_timeout', `Triton said nothing for ${this.#limitMs} ms`));
    }, this.#limitMs);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}
