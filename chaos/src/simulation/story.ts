import type { Scheduler } from './scheduler.ts';

/** What happened in a schedule: counted always, told line by line when somebody wants to read it. */
export class Story {
  readonly counts = new Map<string, number>();
  readonly violations: string[] = [];
  /** Undefined when nobody reads along. */
  readonly lines: string[] | undefined;
  readonly #scheduler: Scheduler;
  readonly #jobs = new Map<string, string>();

  constructor(scheduler: Scheduler, isTold: boolean) {
    this.#scheduler = scheduler;
    this.lines = isTold ? [] : undefined;
  }

  /** Gives a job a short name, for people. */
  name(jobId: string): string {
    const known = this.#jobs.get(jobId);
    if (known) return known;
    const name = `job-${this.#jobs.size + 1}`;
    this.#jobs.set(jobId, name);
    return name;
  }

  count(what: string, by = 1): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + by);
  }

  /** A line of the timeline. What costs something to say is said by a function. */
  tell(who: string, what: string | (() => string)): void {
    if (!this.lines) return;
    const seconds = (this.#scheduler.sinceBeginMs / 1_000).toFixed(3).padStart(9);
    this.lines.push(`${seconds}  ${who.padEnd(10)} ${typeof what === 'string' ? what : what()}`);
  }

  /** A promise of the product that was broken. */
  violated(what: string): void {
    this.violations.push(what);
    this.tell('ORACLE', `✗ ${what}`);
  }
}
