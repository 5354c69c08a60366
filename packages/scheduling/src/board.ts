import { type CompletedEvent, type JobState, mayClaimAhead, type Start, statusOf } from '@genfleet/job';
import { Lane } from './lane.ts';
import { RunCosts } from './run-costs.ts';
import { TenantService } from './tenant-service.ts';
import { type WaitingJob, waitingJobOf } from './waiting-job.ts';

/** Jobs that a board holds at most; those beyond are found when the bus hands them out. */
const MAX_WAITING = 100_000;
const MAX_WORKERS = 20_000;
/** A worker that began nothing for so long is not counted on to hold its model. */
const HOLDS_MS = 900_000;
const PRUNE_EVERY = 1_000;

export interface BoardOptions {
  /** Share of the fleet that a tenant has a claim to, relative to the 1 of those not named. */
  readonly weights: Readonly<Record<string, number>>;
  /** In so much time what a tenant had counts half. */
  readonly halfLifeMs: number;
}

/** Of a job that runs: what its tenant was charged for it so far. */
interface Running {
  readonly tenant: string;
  readonly chargedMs: number;
}

/**
 * What a worker knows of the fleet's line: who waits, what runs where, what tenants had. Folded from the states of
 * jobs as they change, so that every worker has its own and asks nobody. No I/O; times are given.
 */
export class Board {
  readonly costs = new RunCosts();
  readonly service: TenantService;
  readonly #lanes = new Map<string, Lane>();
  readonly #waiting = new Map<string, { readonly job: WaitingJob; readonly lane: Lane }>();
  readonly #running = new Map<string, Running>();
  /** What each worker was last seen to run, least lately seen first, and how many that are of each model. */
  readonly #workers = new Map<string, { readonly model: string; readonly atMs: number }>();
  readonly #holders = new Map<string, number>();
  #changes = 0;

  constructor({ weights, halfLifeMs }: BoardOptions) {
    this.service = new TenantService(halfLifeMs, weights);
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  lanes(): Iterable<Lane> {
    return this.#lanes.values();
  }

  has(id: string): boolean {
    return this.#waiting.has(id);
  }

  /** Workers other than `worker` that ran the model last. */
  holders(model: string, worker: string): number {
    const own = this.#workers.get(worker)?.model === model ? 1 : 0;
    return (this.#holders.get(model) ?? 0) - own;
  }

  /** Takes in what became of a job. The same state again changes nothing. */
  apply(state: JobState, nowMs: number): void {
    this.#applyWaiting(state, nowMs);
    this.#applyRunning(state, nowMs);
    this.#changes += 1;
    if (this.#changes % PRUNE_EVERY === 0) this.service.prune(nowMs);
  }

  /** Takes a job off the line at once, as its claim will in a moment: nobody here chooses it again. */
  take(id: string): void {
    const known = this.#waiting.get(id);
    if (!known) return;
    this.#waiting.delete(id);
    known.lane.remove(known.job);
    if (known.lane.size === 0) this.#lanes.delete(keyOf(known.job));
  }

  #applyWaiting(state: JobState, nowMs: number): void {
    const { request, requestOrder } = state;
    // a retry that waits for its time is on the board already
    const soonMs =
      request?.not_before === undefined ? nowMs : Math.max(nowMs, Date.parse(request.not_before));
    if (!request || !requestOrder || !mayClaimAhead(state, soonMs)) {
      this.take(state.id);
      return;
    }
    const job = waitingJobOf(request, requestOrder.timeMs);
    const known = this.#waiting.get(state.id);
    if (known?.job.sinceMs === job.sinceMs && known.job.notBeforeMs === job.notBeforeMs) return;
    this.take(state.id);
    if (this.#waiting.size >= MAX_WAITING) return;
    const key = keyOf(job);
    const lane = this.#lanes.get(key) ?? new Lane(job);
    this.#lanes.set(key, lane);
    lane.add(job);
    this.#waiting.set(state.id, { job, lane });
  }

  #applyRunning(state: JobState, nowMs: number): void {
    const { id, request, outcome } = state;
    const known = this.#running.get(id);
    if (!request) return;
    if (outcome) {
      if (outcome.type === 'completed') this.#learn(request.settings.model, outcome.event);
      if (!known) return;
      this.#running.delete(id);
      if (outcome.type !== 'completed') return;
      const { generate_ms, model_load_ms } = outcome.event.timings;
      this.service.charge(known.tenant, generate_ms + model_load_ms - known.chargedMs, nowMs);
      return;
    }
    if (statusOf(state) !== 'running') {
      this.#running.delete(id);
      return;
    }
    const start = state.starts.at(-1);
    if (start) this.#sawWorker(start, nowMs);
    if (known) return;
    const chargedMs = this.costs.runMs(request.settings.model);
    this.#running.set(id, { tenant: request.tenant, chargedMs });
    this.service.charge(request.tenant, chargedMs, nowMs);
  }

  /** By the name the client used as well: it is by that that those who wait are known. */
  #learn(asked: string, { model, timings }: CompletedEvent): void {
    for (const name of new Set([asked, model])) {
      this.costs.learn(name, timings.generate_ms, timings.model_load_ms);
    }
  }

  #sawWorker({ worker, model }: Start, atMs: number): void {
    this.#forgetWorker(worker);
    this.#workers.set(worker, { model, atMs });
    this.#holders.set(model, (this.#holders.get(model) ?? 0) + 1);
    for (const [name, seen] of this.#workers) {
      if (seen.atMs > atMs - HOLDS_MS && this.#workers.size <= MAX_WORKERS) return;
      this.#forgetWorker(name);
    }
  }

  #forgetWorker(worker: string): void {
    const seen = this.#workers.get(worker);
    if (!seen) return;
    this.#workers.delete(worker);
    const others = (this.#holders.get(seen.model) ?? 0) - 1;
    if (others > 0) this.#holders.set(seen.model, others);
    else this.#holders.delete(seen.model);
  }
}

const keyOf = ({ level, tenant, model }: WaitingJob) => `${level}\0${tenant}\0${model}`;
