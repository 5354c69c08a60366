import { Lane } from './lane.ts';
import { PlacesByShare } from './places-by-share.ts';
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
  /** How many each tenant has waiting. */
  readonly #sizes = new Map<string, number>();
  readonly #places = new PlacesByShare();
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

  /** How many go before this one, which waits here, where tenants are served in turn. */
  before(job: WaitingJob): number {
    let ahead = 0;
    for (const lane of this.#tenants.get(job.tenant)?.values() ?? []) ahead += lane.countBefore(job);
    return this.#places.before(ahead);
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
    const size = (this.#sizes.get(tenant) ?? 0) + 1;
    this.#sizes.set(tenant, size);
    this.#places.grew(size);
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
    const size = this.#sizes.get(tenant) ?? 0;
    this.#places.shrank(size);
    if (size > 1) this.#sizes.set(tenant, size - 1);
    else this.#sizes.delete(tenant);
    if (lane.size > 0) return;
    queue.lanes.delete(tenant);
    if (queue.size === 0) this.#models.delete(model);
    const lanes = this.#tenants.get(tenant);
    lanes?.delete(model);
    if (lanes?.size === 0) this.#tenants.delete(tenant);
  }
}
