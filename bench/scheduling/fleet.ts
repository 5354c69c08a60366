import {
  type CompletedEvent,
  decideRequest,
  evolve,
  imageRequestSchema,
  type JobEvent,
  type JobState,
  newJobId,
  type StartedEvent,
} from '../../packages/job/src/index.ts';
import { Board, choose, type HeldJob, waitingJobOf } from '../../packages/scheduling/src/index.ts';
import { Agenda } from './agenda.ts';
import type { Served } from './figures.ts';
import { type Arrival, randomOf } from './trace.ts';
import { WaitForecasts } from './wait-forecasts.ts';

export interface Fleet {
  readonly workers: number;
  readonly loadMs: number;
  /** Until every worker has read what one wrote. */
  readonly lagMs: number;
  readonly patienceMs: number;
  readonly weights: Readonly<Record<string, number>>;
  readonly discipline: 'fifo' | 'genfleet';
}

interface Worker {
  readonly name: string;
  loaded: string | undefined;
  held: { readonly job: Job; readonly sinceMs: number } | undefined;
  isBusy: boolean;
  /** When it next looks around while it has nothing to do. */
  looksMs: number;
}

interface Job {
  readonly arrival: Arrival;
  /** How many came before it. */
  readonly place: number;
  state: JobState;
  /** When its first claim was written. */
  takenMs: number;
}

/** From this share of a run on a worker is handed its next job; see the worker's pipeline. */
const FETCH_AT_SHARE = 0.7;
/** A worker that nothing is handed to leaves a job to the one that holds it for so long. */
const STEAL_AFTER_MS = 1_000;
/** How often a worker without work looks around. */
const LOOK_MS = 1_000;
/** Before another look at jobs that others are about to take. */
const LOOK_AGAIN_MS = 50;
const MIN_WAIT_MS = 50;
/** No worker dies here, so no claim ahead need be renewed. */
const AHEAD_MS = 3_600_000;
const HALF_LIFE_MS = 600_000;

/**
 * Workers on one subscription in virtual time, with the rules of `packages/scheduling` or none. All share one board
 * that lags: what one takes, others may still choose, and lose the time of a claim.
 */
export class SimulatedFleet {
  readonly #fleet: Fleet;
  readonly #board: Board;
  readonly #agenda = new Agenda();
  readonly #line: Job[] = [];
  readonly #jobs = new Map<string, Job>();
  readonly #idle = new Set<Worker>();
  readonly #served: Served[] = [];
  readonly #random = randomOf(42);
  readonly forecasts = new WaitForecasts();
  #next = 0;
  #places = 0;
  #expected = 0;
  #ended = 0;
  /** Claims of jobs that another worker had claimed before. */
  lostClaims = 0;

  constructor(fleet: Fleet) {
    this.#fleet = fleet;
    this.#board = new Board({ weights: fleet.weights, halfLifeMs: HALF_LIFE_MS });
    for (let n = 1; n <= fleet.workers; n++) {
      const looksMs = -Math.floor(this.#random() * LOOK_MS);
      this.#idle.add({ name: `w${n}`, loaded: undefined, held: undefined, isBusy: false, looksMs });
    }
  }

  /** Serves the trace to its end. */
  run(arrivals: readonly Arrival[]): readonly Served[] {
    this.#expected = arrivals.length;
    for (const arrival of arrivals) this.#agenda.add(arrival.atMs, (nowMs) => this.#arrive(arrival, nowMs));
    this.#agenda.run();
    if (this.#served.length !== arrivals.length) {
      throw new Error(`${this.#served.length} of ${arrivals.length} jobs were served`);
    }
    return this.#served.sort((a, b) => a.arrival.atMs - b.arrival.atMs);
  }

  #arrive(arrival: Arrival, nowMs: number): void {
    const { tenant, model, priority } = arrival;
    const body = imageRequestSchema.parse({ generation_settings: { prompt: 'x', model }, priority });
    const event = decideRequest(body, { id: newJobId(nowMs), tenant, nowMs, seed: 1 });
    const job: Job = {
      arrival,
      place: this.#line.length,
      state: this.#fold(undefined, event, nowMs),
      takenMs: Number.POSITIVE_INFINITY,
    };
    this.#jobs.set(event.id, job);
    this.#line.push(job);
    this.#tell(job, nowMs);
    this.#agenda.add(nowMs + this.#fleet.lagMs, (at) => this.#forecast(job, at));
    const [first] = this.#idle;
    if (first) this.#look(first, nowMs);
  }

  /** As who asks for a job's status just after it was posted would be told. */
  #forecast({ state: { id }, takenMs, place }: Job, nowMs: number): void {
    const { turnMs } = this.#board.costs;
    const standing = this.#board.standing(id);
    if (turnMs === undefined || !standing || takenMs <= nowMs) return;
    const { workers, discipline } = this.#fleet;
    const begun = this.#served.length;
    const ahead = discipline === 'fifo' ? place - begun : standing.ahead;
    const load = { ahead, running: begun - this.#ended, workers, turnMs, notBeforeMs: 0 };
    this.forecasts.forecast(id, standing, load, nowMs);
  }

  /** A worker without work looks around once a second, each at its own time. */
  #lookAround(worker: Worker, nowMs: number): void {
    if (!this.#idle.has(worker) || worker.looksMs !== nowMs) return;
    if (this.#board.waiting > 0) this.#look(worker, nowMs);
    if (this.#idle.has(worker)) this.#rest(worker, nowMs);
  }

  #rest(worker: Worker, nowMs: number): void {
    this.#idle.add(worker);
    if (this.#fleet.discipline === 'fifo' || worker.looksMs > nowMs) return;
    if (this.#served.length === this.#expected) return;
    worker.looksMs += LOOK_MS * Math.ceil((nowMs - worker.looksMs + 1) / LOOK_MS);
    this.#agenda.add(worker.looksMs, (at) => this.#lookAround(worker, at));
  }

  /** The bus hands out its next job that nobody is known to have run meanwhile. */
  #fetch(worker: Worker, nowMs: number): void {
    if (worker.held && !this.#isSeenTaken(worker.held.job, nowMs)) return;
    worker.held = undefined;
    while (this.#next < this.#line.length) {
      const job = this.#line[this.#next++];
      if (!job || this.#isSeenTaken(job, nowMs)) continue;
      worker.held = { job, sinceMs: nowMs };
      return;
    }
  }

  #isSeenTaken({ takenMs }: Job, nowMs: number): boolean {
    return takenMs + this.#fleet.lagMs <= nowMs;
  }

  #look(worker: Worker, nowMs: number): void {
    if (worker.isBusy) return;
    this.#fetch(worker, nowMs);
    const job = this.#fleet.discipline === 'fifo' ? worker.held?.job : this.#choose(worker, nowMs);
    if (!job) {
      if (worker.held) this.#lookAfter(LOOK_AGAIN_MS, worker, nowMs);
      else this.#rest(worker, nowMs);
      return;
    }
    const isHeld = worker.held?.job === job;
    if (isHeld) worker.held = undefined;
    if (job.takenMs > nowMs) {
      this.#begin(worker, job, nowMs, !isHeld);
      return;
    }
    // another was first: the claim was for nothing
    job.state = this.#fold(job.state, startOf(job.state, worker.name, nowMs, !isHeld), nowMs);
    this.#tell(job, nowMs);
    this.lostClaims += 1;
    this.#lookAfter(this.#fleet.lagMs, worker, nowMs);
  }

  #lookAfter(ms: number, worker: Worker, nowMs: number): void {
    this.#idle.delete(worker);
    worker.isBusy = true;
    this.#agenda.add(nowMs + ms, (at) => {
      worker.isBusy = false;
      this.#look(worker, at);
    });
  }

  #choose(worker: Worker, nowMs: number): Job | undefined {
    const held: HeldJob[] = [];
    const { request } = worker.held?.job.state ?? {};
    if (worker.held && request) {
      held.push({ ...waitingJobOf(request, worker.held.job.arrival.atMs), heldSinceMs: worker.held.sinceMs });
    }
    const asker = {
      worker: worker.name,
      resolve: (model: string) => model,
      isLoaded: (model: string) => model === worker.loaded,
      minWaitMs: held.length > 0 ? MIN_WAIT_MS : STEAL_AFTER_MS,
      batchJobs: 1,
      random: this.#random,
      patienceMs: this.#fleet.patienceMs,
    };
    const [id] = choose(this.#board, asker, held, nowMs)?.ids ?? [];
    return id === undefined ? undefined : this.#jobs.get(id);
  }

  #begin(worker: Worker, job: Job, nowMs: number, isAhead: boolean): void {
    const { arrival } = job;
    const swapped = worker.loaded !== arrival.model;
    const loadMs = swapped ? this.#fleet.loadMs : 0;
    this.#idle.delete(worker);
    worker.isBusy = true;
    worker.loaded = arrival.model;
    job.takenMs = nowMs;
    job.state = this.#fold(job.state, startOf(job.state, worker.name, nowMs, isAhead), nowMs);
    this.#tell(job, nowMs);
    const endMs = nowMs + loadMs + arrival.runMs;
    this.#served.push({ arrival, worker: worker.name, startMs: nowMs, endMs, swapped });
    this.forecasts.began(job.state.id, nowMs);
    this.#agenda.add(nowMs + FETCH_AT_SHARE * (endMs - nowMs), (at) => this.#fetch(worker, at));
    this.#agenda.add(endMs, (at) => {
      this.#ended += 1;
      job.state = this.#fold(job.state, endOf(job.state, arrival.runMs, loadMs, at), at);
      this.#tell(job, at);
      this.#jobs.delete(job.state.id);
      worker.isBusy = false;
      this.#look(worker, at);
    });
  }

  #tell({ state }: Job, nowMs: number): void {
    this.#agenda.add(nowMs + this.#fleet.lagMs, (at) => this.#board.apply(state, at));
  }

  #fold(state: JobState | undefined, event: JobEvent, timeMs: number): JobState {
    this.#places += 1;
    const messageId = String(this.#places).padStart(12, '0');
    return evolve(state, event, { timeMs, type: event.type, messageId });
  }
}

/** The event of a worker that begins the job. */
export function startOf(
  { id, request }: JobState,
  worker: string,
  nowMs: number,
  isAhead = false,
): StartedEvent {
  return {
    ...{ type: 'started', version: 1, id, kind: 'txt2img', tenant: request?.tenant ?? '', redrive: 0 },
    ...{
      attempt: 1,
      claim: `${id} ${worker} ${nowMs}`,
      worker,
      model: request?.settings.model ?? '',
      released: false,
    },
    time: new Date(nowMs).toISOString(),
    ...(isAhead ? { ahead_until: new Date(nowMs + AHEAD_MS).toISOString() } : {}),
  };
}

function endOf({ id, request, starts }: JobState, generateMs: number, loadMs: number, nowMs: number) {
  const event: CompletedEvent<'txt2img'> = {
    ...{ type: 'completed', version: 1, id, kind: 'txt2img', tenant: request?.tenant ?? '', redrive: 0 },
    ...{ attempt: 1, worker: starts[0]?.worker ?? '', model: request?.settings.model ?? '', artifacts: [] },
    timings: { queued_ms: 0, model_load_ms: loadMs, generate_ms: generateMs, store_ms: 0 },
    complete_time: new Date(nowMs).toISOString(),
  };
  return event;
}
