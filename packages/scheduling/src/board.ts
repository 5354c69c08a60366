import {
  type CompletedEvent,
  countedClaims,
  type JobState,
  mayClaimAhead,
  PRIORITIES,
  type RequestedEvent,
  type Start,
  statusOf,
} from '@genfleet/job';
import { Crowding, crowdOf } from './crowding.ts';
import { Line } from './line.ts';
import { RunCosts } from './run-costs.ts';
import { TenantService } from './tenant-service.ts';
import { levelOf, type WaitingJob, waitingJobOf } from './waiting-job.ts';
import { WorkersSeen } from './workers-seen.ts';

/** Jobs that a board holds at most; those beyond are found when the bus hands them out. */
const MAX_WAITING = 100_000;
const PRUNE_EVERY = 1_000;

export interface BoardOptions {
  /** Share of the fleet that a tenant has a claim to, relative to the 1 of those not named. */
  readonly weights: Readonly<Record<string, number>>;
  /** In so much time what a tenant had counts half. */
  readonly halfLifeMs: number;
}

/** Of a job that runs: where, what its tenant was charged for it so far, and how many claimed it ahead in vain. */
interface Running {
  readonly tenant: string;
  readonly worker: string;
  readonly chargedMs: number;
  lostClaims: number;
}

/** Where a job stands in the order that workers choose in, as far as that can be told beforehand. */
export interface Standing {
  /** Place in `PRIORITIES`. */
  readonly level: number;
  /** Jobs that go before it: all of higher priority, and of its own as many as its tenant's turn says. */
  readonly ahead: number;
  /** Whether some worker has its model in memory. */
  readonly isModelHeld: boolean;
}

/**
 * What a worker knows of the fleet's line: who waits, what runs where, what tenants had. Folded from the states of
 * jobs as they change, so that every worker has its own and asks nobody. No I/O; times are given.
 */
export class Board {
  readonly costs = new RunCosts();
  readonly service: TenantService;
  readonly crowding = new Crowding();
  readonly workers = new WorkersSeen();
  /** By level. */
  readonly lines: readonly Line[] = PRIORITIES.map(() => new Line());
  readonly #waiting = new Map<string, WaitingJob>();
  readonly #running = new Map<string, Running>();
  #changes = 0;

  constructor({ weights, halfLifeMs }: BoardOptions) {
    this.service = new TenantService(halfLifeMs, weights);
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  has(id: string): boolean {
    return this.#waiting.has(id);
  }

  /** Of a job that waits; undefined for one that is not on the board. */
  standing(id: string): Standing | undefined {
    const job = this.#waiting.get(id);
    if (!job) return undefined;
    const { level, model } = job;
    const higher = this.lines.slice(0, level).reduce((sum, { size }) => sum + size, 0);
    const ahead = higher + (this.lines[level]?.before(job) ?? 0);
    return { level, ahead, isModelHeld: this.workers.holders(model, '') > 0 };
  }

  /** Takes in what became of a job. The same state again changes nothing. */
  apply(state: JobState, nowMs: number): void {
    this.#applyWaiting(state, nowMs);
    this.#applyRunning(state, nowMs);
    this.#changes += 1;
    if (this.#changes % PRUNE_EVERY === 0) this.#prune(nowMs);
  }

  /** Takes a job off the line at once, as its claim will in a moment: nobody here chooses it again. */
  take(id: string): void {
    const job = this.#waiting.get(id);
    if (!job) return;
    this.#waiting.delete(id);
    this.lines[job.level]?.remove(job);
  }

  #prune(nowMs: number): void {
    this.service.prune(nowMs);
    this.crowding.prune(nowMs);
  }

  /** By what the worker was last seen to run, before this. */
  #crowdOf({ worker, model }: Start, { request }: JobState): string {
    return crowdOf(model, levelOf(request?.priority), !this.workers.holds(worker, model));
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
    if (this.#waiting.get(state.id)?.sinceMs === job.sinceMs) return;
    this.take(state.id);
    if (this.#waiting.size >= MAX_WAITING) return;
    this.lines[job.level]?.add(job);
    this.#waiting.set(state.id, job);
  }

  #applyRunning(state: JobState, nowMs: number): void {
    const { id, request, outcome } = state;
    const known = this.#running.get(id);
    if (!request) return;
    if (statusOf(state) === 'running') {
      this.#runs(state, request, nowMs);
      return;
    }
    if (outcome?.type === 'completed') this.#learn(request.settings.model, outcome.event);
    if (!known) return;
    this.#running.delete(id);
    if (outcome?.type !== 'completed') return;
    const { generate_ms, model_load_ms } = outcome.event.timings;
    this.service.charge(known.tenant, generate_ms + model_load_ms - known.chargedMs, nowMs);
  }

  #runs(state: JobState, { tenant, settings }: RequestedEvent, nowMs: number): void {
    const counted = countedClaims(state.starts).map(({ start }) => start);
    const start = counted.at(-1);
    if (!start) return;
    let known = this.#running.get(state.id);
    if (known?.worker !== start.worker) {
      const chargedMs = known?.chargedMs ?? this.costs.runMs(settings.model);
      if (!known) this.service.charge(tenant, chargedMs, nowMs);
      known = { tenant, worker: start.worker, chargedMs, lostClaims: 0 };
      this.#running.set(state.id, known);
      if (start.aheadUntilMs !== undefined) this.crowding.won(this.#crowdOf(start, state), nowMs);
      this.workers.began(start.worker, start.model, nowMs);
    }
    if (state.starts.length > counted.length) this.#countLost(state, start, known, nowMs);
  }

  /** Claims ahead of the attempt that runs, which another had claimed before. */
  #countLost(state: JobState, { attempt, claim }: Start, running: Running, nowMs: number): void {
    const lost = state.starts.filter((other) => other.attempt === attempt && other.claim !== claim);
    for (const other of lost.slice(running.lostClaims)) {
      running.lostClaims += 1;
      if (other.aheadUntilMs === undefined) continue;
      this.crowding.lost(this.#crowdOf(other, state), running.lostClaims, nowMs);
    }
  }

  /** By the name the client used as well: it is by that that those who wait are known. */
  #learn(asked: string, { model, timings }: CompletedEvent): void {
    this.costs.learn(new Set([asked, model]), timings.generate_ms, timings.model_load_ms);
  }
}
