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
import type { Served } from './figures.ts';
import { type Arrival, randomOf } from './trace.ts';

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
}

interface Job {
  readonly arrival: Arrival;
  state: JobState;
  isTaken: boolean;
}

/** From this share of a run on a worker is handed its next job; see the worker's pipeline. */
const FETCH_AT_SHARE = 0.7;
/** A worker that nothing is handed to leaves a job to the one that holds it for so long. */
const STEAL_AFTER_MS = 1_000;
const MIN_WAIT_MS = 50;
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
  #next = 0;
  #places = 0;
  conflicts = 0;

  constructor(fleet: Fleet) {
    this.#fleet = fleet;
    this.#board = new Board({ weights: fleet.weights, halfLifeMs: HALF_LIFE_MS });
    for (let n = 1; n <= fleet.workers; n++) {
      this.#idle.add({ name: `w${n}`, loaded: undefined, held: undefined, isBusy: false });
    }
  }

  /** Serves the trace to its end. */
  run(arrivals: readonly Arrival[]): readonly Served[] {
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
    const job: Job = { arrival, state: this.#fold(undefined, event, nowMs), isTaken: false };
    this.#jobs.set(event.id, job);
    this.#line.push(job);
    this.#tell(job, nowMs);
    for (const worker of this.#idle) {
      this.#fetch(worker, nowMs);
      this.#look(worker, nowMs);
      break;
    }
    if (this.#fleet.discipline === 'genfleet')
      this.#agenda.add(nowMs + STEAL_AFTER_MS, (at) => this.#steal(at));
  }

  #steal(nowMs: number): void {
    for (const worker of this.#idle) {
      this.#look(worker, nowMs);
      // what one can't use the others can't either
      if (!worker.isBusy) return;
    }
  }

  /** The bus hands out its next job that nobody has run meanwhile. */
  #fetch(worker: Worker, nowMs: number): void {
    if (worker.held && !worker.held.job.isTaken) return;
    worker.held = undefined;
    while (this.#next < this.#line.length) {
      const job = this.#line[this.#next++];
      if (!job || job.isTaken) continue;
      worker.held = { job, sinceMs: nowMs };
      return;
    }
  }

  #look(worker: Worker, nowMs: number): void {
    if (worker.isBusy) return;
    if (!worker.held || worker.held.job.isTaken) this.#fetch(worker, nowMs);
    const job = this.#fleet.discipline === 'fifo' ? worker.held?.job : this.#choose(worker, nowMs);
    if (!job) {
      this.#idle.add(worker);
      return;
    }
    if (job.isTaken) {
      // another was first: the claim was for nothing
      this.conflicts += 1;
      this.#idle.delete(worker);
      worker.isBusy = true;
      this.#agenda.add(nowMs + this.#fleet.lagMs, (at) => {
        worker.isBusy = false;
        this.#look(worker, at);
      });
      return;
    }
    this.#begin(worker, job, nowMs);
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
      random: this.#random,
      patienceMs: this.#fleet.patienceMs,
    };
    const [id] = choose(this.#board, asker, held, nowMs)?.ids ?? [];
    return id === undefined ? undefined : this.#jobs.get(id);
  }

  #begin(worker: Worker, job: Job, nowMs: number): void {
    const { arrival } = job;
    const swapped = worker.loaded !== arrival.model;
    const loadMs = swapped ? this.#fleet.loadMs : 0;
    this.#idle.delete(worker);
    worker.isBusy = true;
    worker.loaded = arrival.model;
    if (worker.held?.job === job) worker.held = undefined;
    job.isTaken = true;
    job.state = this.#fold(job.state, startOf(job.state, worker.name, nowMs), nowMs);
    this.#tell(job, nowMs);
    const endMs = nowMs + loadMs + arrival.runMs;
    this.#served.push({ arrival, worker: worker.name, startMs: nowMs, endMs, swapped });
    this.#agenda.add(nowMs + FETCH_AT_SHARE * (endMs - nowMs), (at) => this.#fetch(worker, at));
    this.#agenda.add(endMs, (at) => {
      job.state = this.#fold(job.state, endOf(job.state, arrival.runMs, loadMs, at), at);
      this.#tell(job, at);
      this.#jobs.delete(job.state.id);
      worker.isBusy = false;
      this.#look(worker, at);
    });
  }

  #tell({ state }: Job, nowMs: number): void {
    if (this.#fleet.discipline === 'fifo') return;
    this.#agenda.add(nowMs + this.#fleet.lagMs, (at) => this.#board.apply(state, at));
  }

  #fold(state: JobState | undefined, event: JobEvent, timeMs: number): JobState {
    this.#places += 1;
    const messageId = String(this.#places).padStart(12, '0');
    return evolve(state, event, { timeMs, type: event.type, messageId });
  }
}

/** The event of a worker that begins the job. */
export function startOf({ id, request }: JobState, worker: string, nowMs: number): StartedEvent {
  return {
    ...{ type: 'started', version: 1, id, kind: 'txt2img', tenant: request?.tenant ?? '', redrive: 0 },
    ...{ attempt: 1, claim: id, worker, model: request?.settings.model ?? '', released: false },
    time: new Date(nowMs).toISOString(),
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

type Action = (nowMs: number) => void;

/** What happens when: a binary heap, first in first out within a moment. */
class Agenda {
  readonly #heap: { readonly atMs: number; readonly order: number; readonly action: Action }[] = [];
  #orders = 0;

  add(atMs: number, action: Action): void {
    const heap = this.#heap;
    const entry = { atMs, order: this.#orders++, action };
    let place = heap.length;
    heap.push(entry);
    while (place > 0) {
      const parent = (place - 1) >> 1;
      if (isBefore(heap[parent], entry)) break;
      heap[place] = heap[parent] ?? entry;
      place = parent;
    }
    heap[place] = entry;
  }

  run(): void {
    for (let next = this.#take(); next; next = this.#take()) next.action(next.atMs);
  }

  #take() {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (!first || !last || heap.length === 0) return first;
    let place = 0;
    for (;;) {
      const left = 2 * place + 1;
      if (left >= heap.length) break;
      const child = left + 1 < heap.length && isBefore(heap[left + 1], heap[left]) ? left + 1 : left;
      if (isBefore(last, heap[child])) break;
      heap[place] = heap[child] ?? last;
      place = child;
    }
    heap[place] = last;
    return first;
  }
}

function isBefore(
  a: { readonly atMs: number; readonly order: number } | undefined,
  b: { readonly atMs: number; readonly order: number } | undefined,
): boolean {
  if (!a || !b) return !!a;
  return a.atMs !== b.atMs ? a.atMs < b.atMs : a.order < b.order;
}
