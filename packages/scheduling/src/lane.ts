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

  /** The oldest of those that could have run since this Unix time in ms, at most `count`. */
  first(sinceMs: number, count: number): readonly WaitingJob[] {
    const found: WaitingJob[] = [];
    for (const job of this.#jobs) {
      if (found.length === count) break;
      if (Math.max(job.sinceMs, job.notBeforeMs) <= sinceMs) found.push(job);
    }
    return found;
  }

  add(job: WaitingJob): void {
    const last = this.#jobs.at(-1);
    // nearly always the newest
    if (!last || compare(last, job) < 0) this.#jobs.push(job);
    else this.#jobs.splice(this.#placeOf(job), 0, job);
  }

  remove(job: WaitingJob): void {
    const place = this.#placeOf(job);
    if (this.#jobs[place]?.id === job.id) this.#jobs.splice(place, 1);
  }

  #placeOf(job: WaitingJob): number {
    let low = 0;
    let high = this.#jobs.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const there = this.#jobs[middle];
      if (there && compare(there, job) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function compare(a: WaitingJob, b: WaitingJob): number {
  if (a.sinceMs !== b.sinceMs) return a.sinceMs - b.sinceMs;
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
}
