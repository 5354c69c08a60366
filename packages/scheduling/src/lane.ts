import type { WaitingJob } from './waiting-job.ts';

/** Waiting jobs that are alike to a worker, oldest first: of one level, tenant and model. */
export class Lane {
  readonly level: number;
  readonly tenant: string;
  readonly model: string;
  readonly #jobs: WaitingJob[] = [];

  constructor({ level, tenant, model }: Pick<WaitingJob, 'level' | 'tenant' | 'model'>) {
    this.level = level;
    this.tenant = tenant;
    this.model = model;
  }

  get size(): number {
    return this.#jobs.length;
  }

  /** Since when its first could run, Unix ms. */
  get oldestMs(): number {
    return this.#jobs[0]?.sinceMs ?? Number.POSITIVE_INFINITY;
  }

  /** How many could have run since this Unix time in ms. */
  countSince(sinceMs: number): number {
    const youngest = this.#jobs.at(-1);
    if (!youngest || youngest.sinceMs <= sinceMs) return this.#jobs.length;
    return this.#placeOf((job) => job.sinceMs <= sinceMs);
  }

  /** How many come before this one, which need not be here. */
  countBefore(job: WaitingJob): number {
    return this.#placeOf((there) => compare(there, job) < 0);
  }

  /** Ids from the place `from`, 0 for the oldest, at most `count`. */
  ids(from: number, count: number): readonly string[] {
    return this.#jobs.slice(from, from + count).map(({ id }) => id);
  }

  add(job: WaitingJob): void {
    const last = this.#jobs.at(-1);
    // nearly always the newest
    if (!last || compare(last, job) < 0) this.#jobs.push(job);
    else this.#jobs.splice(this.countBefore(job), 0, job);
  }

  remove(job: WaitingJob): void {
    const place = this.countBefore(job);
    if (this.#jobs[place]?.id === job.id) this.#jobs.splice(place, 1);
  }

  /** How many come first, of which that is true. */
  #placeOf(isBefore: (job: WaitingJob) => boolean): number {
    let low = 0;
    let high = this.#jobs.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const there = this.#jobs[middle];
      if (there && isBefore(there)) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function compare(a: WaitingJob, b: WaitingJob): number {
  if (a.sinceMs !== b.sinceMs) return a.sinceMs - b.sinceMs;
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
}
