import type { JobStatus } from '@genfleet/job';
import { isWaiting, type Listing } from './listing.ts';
import type { JobFilter } from './view.ts';

type Counted = Pick<Listing, 'tenant' | 'model' | 'status'>;
export interface Count extends Counted {
  readonly jobs: number;
}

/**
 * How many jobs there are of each tenant, model and status: as many entries as there are combinations, so that
 * counting reads no jobs.
 */
export class JobCounts {
  readonly #counts = new Map<string, { -readonly [K in keyof Count]: Count[K] }>();
  readonly #touched = new Set<string>();

  add(counted: Counted, jobs: number): void {
    const key = `${counted.status}\0${counted.tenant}\0${counted.model}`;
    this.#touched.add(key);
    const known = this.#counts.get(key);
    if (known) known.jobs += jobs;
    else {
      const { tenant, model, status } = counted;
      this.#counts.set(key, { tenant, model, status, jobs });
    }
  }

  /** The counts that changed since the last call. */
  takeTouched(): readonly Count[] {
    const touched = [...this.#touched]
      .flatMap((key) => this.#counts.get(key) ?? [])
      .map((count) => ({ ...count }));
    for (const key of this.#touched) if (this.#counts.get(key)?.jobs === 0) this.#counts.delete(key);
    this.#touched.clear();
    return touched;
  }

  /** Jobs that match all of the filter but its grouping. */
  matching(filter: Omit<JobFilter, 'grouping'>): number {
    let jobs = 0;
    for (const count of this.#counts.values()) if (matches(count, filter)) jobs += count.jobs;
    return jobs;
  }

  /** The pairs of tenant and status that have matching jobs. */
  ranges(filter: Omit<JobFilter, 'grouping'>): readonly { tenant: string; status: JobStatus }[] {
    const ranges = new Map<string, { tenant: string; status: JobStatus }>();
    for (const count of this.#counts.values()) {
      const { tenant, status } = count;
      if (count.jobs > 0 && matches(count, filter)) ranges.set(`${status}\0${tenant}`, { tenant, status });
    }
    return [...ranges.values()];
  }

  waiting(): Map<string, { queued: number; running: number }> {
    const byModel = new Map<string, { queued: number; running: number }>();
    for (const { model, status, jobs } of this.#counts.values()) {
      if (jobs === 0 || !(isWaiting(status) || status === 'running')) continue;
      const sums = byModel.get(model) ?? { queued: 0, running: 0 };
      if (status === 'running') sums.running += jobs;
      else sums.queued += jobs;
      byModel.set(model, sums);
    }
    return byModel;
  }
}

function matches(count: Counted, filter: Omit<JobFilter, 'grouping'>): boolean {
  if (filter.status ? !filter.status.includes(count.status) : count.status === 'unknown') return false;
  if (filter.tenant !== undefined && filter.tenant !== count.tenant) return false;
  return filter.model === undefined || filter.model === count.model;
}
