import { setImmediate as nextLoop } from 'node:timers/promises';
import { GenfleetError } from '@genfleet/job';

interface Turn {
  /** Takes one turn. @returns whether it was the last. */
  readonly take: () => Promise<boolean>;
  readonly signal: AbortSignal;
  readonly stop: (error: GenfleetError) => void;
}

/**
 * Lets several generations share one thread, each one step at a time, so that a long one does not hold up a short
 * one. At most `atOnce` hold their memory at a time; the others wait in line.
 */
export class Turns {
  readonly #atOnce: number;
  #running: Turn[] = [];
  #waiting: Turn[] = [];
  #isGoing = false;

  constructor(atOnce: number) {
    this.#atOnce = atOnce;
  }

  /**
   * Runs `steps` to its end.
   * @throws GenfleetError `cancelled` within a turn of the signal; whatever `steps` throws.
   */
  run<Result>(steps: AsyncGenerator<undefined, Result>, signal: AbortSignal): Promise<Result> {
    const { promise, resolve, reject } = Promise.withResolvers<Result>();
    const take = async () => {
      try {
        const step = await steps.next();
        if (step.done) resolve(step.value);
        return step.done === true;
      } catch (error) {
        reject(error);
        return true;
      }
    };
    this.#waiting.push({ take, signal, stop: reject });
    void this.#go();
    return promise;
  }

  async #go(): Promise<void> {
    if (this.#isGoing) return;
    this.#isGoing = true;
    for (;;) {
      this.#admit();
      const turn = this.#running.shift();
      if (!turn) break;
      if (!(await turn.take())) this.#running.push(turn);
      // cancellations and new texts come in here
      await nextLoop();
    }
    this.#isGoing = false;
  }

  #admit(): void {
    this.#running = this.#running.filter(isWanted);
    this.#waiting = this.#waiting.filter(isWanted);
    this.#running.push(...this.#waiting.splice(0, this.#atOnce - this.#running.length));
  }
}

function isWanted({ signal, stop }: Turn): boolean {
  if (signal.aborted) stop(new GenfleetError('cancelled', 'the run was stopped'));
  return !signal.aborted;
}
