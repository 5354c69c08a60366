import { GenfleetError } from '@genfleet/job';

/** How many queries run at once, and how many more may wait for one to end. */
const LIMITS = { running: 4, waiting: 32 };

/** Lets a few in at a time, in the order they came. */
export class Turns {
  #running = 0;
  readonly #waiting: (() => void)[] = [];

  /** @throws GenfleetError `ledger_failed` when too many wait already. */
  async take<T>(work: () => Promise<T>): Promise<T> {
    if (this.#running >= LIMITS.running) {
      if (this.#waiting.length >= LIMITS.waiting) {
        throw new GenfleetError('ledger_failed', 'too many queries wait for the ledger; try again later');
      }
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    } else {
      this.#running += 1;
    }
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      // whoever comes next takes this place
      if (next) next();
      else this.#running -= 1;
    }
  }
}
