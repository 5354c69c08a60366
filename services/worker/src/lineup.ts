import { setImmediate as nextTurn } from 'node:timers/promises';
import type { ModelCatalogue } from '@genfleet/catalogue';
import { isFleeting, type Kind, type ModelInfo, mayClaimAhead, type RequestedEvent } from '@genfleet/job';
import { Board, choose, type HeldJob, waitingJobOf } from '@genfleet/scheduling';
import type { WorkerOptions } from './options.ts';
import type { Waiting } from './run.ts';

const HALF_LIFE_MS = 600_000;
/** A job that came just now is on its way to some worker. */
const MIN_WAIT_MS = 50;
/** So long a worker that nothing is handed to leaves a job to the one that holds it. */
const STEAL_AFTER_MS = 1_000;
const PAGE = 500;

interface Lined<K extends Kind>
  extends Pick<WorkerOptions, 'worker' | 'view' | 'now' | 'scheduling' | 'log'> {
  readonly kind: K;
  readonly swapsModels: boolean;
  /** Jobs that are run together at most. */
  readonly batchJobs: number;
  /** What the engine has, none while that is not known. */
  readonly models: () => readonly ModelInfo[];
  /** What there is in the fleet. */
  readonly catalogue: Pick<ModelCatalogue, 'info'>;
}

/**
 * Which job a worker runs next, of all that wait in the fleet: those that the bus handed to it and those it sees in its
 * view. The bus still hands out every job, in its own order: that is what makes sure that none is forgotten, and what
 * bounds for how long one is passed over.
 */
export class Lineup<K extends Kind> {
  readonly #options: Lined<K>;
  readonly #board: Board;
  readonly #ends = new AbortController();
  #loaded: string | undefined;
  #names: { readonly models: readonly ModelInfo[]; readonly byName: ReadonlyMap<string, string> } | undefined;

  constructor(options: Lined<K>) {
    this.#options = options;
    const { weights } = options.scheduling;
    this.#board = new Board({ weights, halfLifeMs: HALF_LIFE_MS });
    options.view.onChange(
      undefined,
      ({ state }) => {
        if (state.request && isOf(state.request, options.kind)) this.#board.apply(state, options.now());
      },
      this.#ends.signal,
    );
    void this.#readLine().catch((err: unknown) => options.log.warn({ err }, 'the line can not be read'));
  }

  /**
   * What to run next, best first, of what was handed out and waits here and of what waits elsewhere. Nothing, where
   * others are about to take what is better than what waits here: that is worth another look in a moment.
   */
  best(held: readonly Waiting<K>[]): readonly Waiting<K>[] {
    // keystrokes, most of the time
    if (held.length <= 1 && !this.hasMore) return held;
    const { worker, scheduling, swapsModels, batchJobs, now } = this.#options;
    const nowMs = now();
    const byId = new Map(held.map((waiting) => [waiting.request.id, waiting]));
    const asker = {
      worker,
      resolve: (model: string) => this.#nameOf(model),
      isLoaded: (model: string) => !swapsModels || model === this.#loaded,
      minWaitMs: held.length > 0 ? MIN_WAIT_MS : STEAL_AFTER_MS,
      batchJobs,
      random: Math.random,
      patienceMs: scheduling.patienceMs,
    };
    const choice = choose(this.#board, asker, held.map(heldJobOf), nowMs);
    // what no rule speaks of, such as a model the engine does not have, goes in the order of the bus
    if (!choice) return held;
    if (choice.ids.length === 0) return [];
    const chosen = choice.ids.flatMap((id) => byId.get(id) ?? this.#ahead(id, nowMs) ?? []);
    return [...chosen, ...held.filter((waiting) => !chosen.includes(waiting))];
  }

  /** Jobs that were chosen: nobody here chooses them again. */
  taken(chosen: readonly Waiting<K>[]): void {
    for (const { request } of chosen) this.#board.take(request.id);
  }

  /** The engine has this model in its memory now. */
  ran(model: string): void {
    this.#loaded = this.#nameOf(model) ?? model;
  }

  /** Whether this worker lacks a model that others have, or had lately: its jobs are theirs. */
  isForOthers(model: string): boolean {
    const { models, catalogue, kind } = this.#options;
    return models().length > 0 && !this.#nameOf(model) && catalogue.info(model)?.kind === kind;
  }

  /** Whether anything waits that this worker might take though it was not handed out. */
  get hasMore(): boolean {
    return this.#board.waiting > 0;
  }

  close(): void {
    this.#ends.abort();
  }

  #ahead(id: string, nowMs: number): Waiting<K> | undefined {
    const state = this.#options.view.job(id);
    const request = state?.request;
    if (!request || !isOf(request, this.#options.kind) || !mayClaimAhead(state, nowMs)) {
      this.#board.take(id);
      return undefined;
    }
    return { request, deliveries: [], forget: () => undefined, receivedMs: nowMs, isAhead: true };
  }

  #nameOf(model: string): string | undefined {
    const models = this.#options.models();
    if (this.#names?.models !== models) {
      // a model's own name goes before an alias of another
      const byAlias = models.flatMap(({ name, aliases }) => aliases.map((alias) => [alias, name] as const));
      const byName = models.map(({ name }) => [name, name] as const);
      this.#names = { models, byName: new Map([...byAlias, ...byName]) };
    }
    return this.#names.byName.get(model);
  }

  /** What waits already in a view that is older than this worker. */
  async #readLine(): Promise<void> {
    const { view, kind, now } = this.#options;
    const filter = { status: ['queued', 'retrying', 'running'] } as const;
    for (let offset = 0; !this.#ends.signal.aborted; offset += PAGE) {
      const page = view.jobs(filter, { limit: PAGE, offset });
      for (const state of page) if (state.request?.kind === kind) this.#board.apply(state, now());
      if (page.length < PAGE) return;
      await nextTurn();
    }
  }
}

function heldJobOf({ request, receivedMs }: Waiting): HeldJob {
  return { ...waitingJobOf(request, Date.parse(request.request_time)), heldSinceMs: receivedMs };
}

function isOf<K extends Kind>(request: RequestedEvent, kind: K): request is RequestedEvent<K> {
  return request.kind === kind && !isFleeting(request);
}
