import { Lane } from './lane.ts';
import type { WaitingJob } from './waiting-job.ts';

/** What waits for one model, by tenant. */
export interface ModelQueue {
  readonly model: string;
  readonly lanes: Map<string, Lane>;
  size: number;
}

/** All that waits at one level, found by model and by tenant, so that no choice looks at every job or lane. */
export class Line {
  readonly #models = new Map<string, ModelQueue>();
  readonly #tenants = new Map<string, Map<string, Lane>>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  queue(model: string): ModelQueue | undefined {
    return this.#models.get(model);
  }

  models(): Iterable<ModelQueue> {
    return this.#models.values();
  }

  /** Tenants with something waiting, and their lanes by model. */
  tenants(): Iterable<readonly [tenant: string, lanes: ReadonlyMap<string, Lane>]> {
    return this.#tenants;
  }

  add(job: WaitingJob): void {
    const { model, tenant } = job;
    const queue = this.#models.get(model) ?? { model, lanes: new Map<string, Lane>(), size: 0 };
    const lanes = this.#tenants.get(tenant) ?? new Map<string, Lane>();
    const lane = queue.lanes.get(tenant) ?? new Lane(job);
    lane.add(job);
    if (lane.size === 1) {
      this.#models.set(model, queue);
      this.#tenants.set(tenant, lanes);
      queue.lanes.set(tenant, lane);
      lanes.set(model, lane);
    }
    queue.size += 1;
    this.#size += 1;
  }

  /** Of a job that was added. */
  remove(job: WaitingJob): void {
    const { model, tenant } = job;
    const queue = this.#models.get(model);
    const lane = queue?.lanes.get(tenant);
    if (!queue || !lane) return;
    lane.remove(job);
    queue.size -= 1;
    this.#size -= 1;
    if (lane.size > 0) return;
    queue.lanes.delete(tenant);
    if (queue.size === 0) this.#models.delete(model);
    const lanes = this.#tenants.get(tenant);
    lanes?.delete(model);
    if (lanes?.size === 0) this.#tenants.delete(tenant);
  }
}
