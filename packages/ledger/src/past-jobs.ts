import {
  compareOrder,
  evolve,
  GenfleetError,
  type JobState,
  jobIdTimeMs,
  type Kind,
  statusOf,
} from '@genfleet/job';
import { eventsIn, jobEventsSql, type PlacedEvent } from './sql/job-events.ts';
import { isToldBySql, type JobSearch, jobSearchSql } from './sql/job-search.ts';
import type { SqlLedger } from './sql/sql-ledger.ts';
import type { JobFilter, Page } from './view.ts';

const DAY_MS = 86_400_000;
/** What is looked for is mostly just behind the view's window: the whole ledger is read only when that was not enough. */
const FIRST_LOOK_MS = 7 * DAY_MS;
/** Jobs whose events are read at once, where SQL does not tell which of them are wanted. */
const BATCH_JOBS = 100;
/** Far above the events of so many jobs. */
const MAX_EVENTS = 50_000;

/** A job as the ledger has it, folded from its own events. */
export interface PastJob {
  readonly state: JobState;
  readonly tenant: string;
  /** In the order of the ledger. */
  readonly events: readonly PlacedEvent[];
}

export interface PastOptions {
  /** Ends the reading at once, in the engine as well. */
  readonly signal: AbortSignal;
  /** For the whole of a call. */
  readonly timeoutMs: number;
}

/** A page of a list, from below an id. */
export type PastPage = Page & { readonly before: string };

/**
 * Jobs by SQL, for what no view holds: each is folded from its events as the view folds it, so that both tell the same.
 * Whatever is thrown comes from the ledger's `query`.
 */
export class PastJobs {
  readonly #ledger: SqlLedger;

  constructor(ledger: SqlLedger) {
    this.#ledger = ledger;
  }

  /** Reads nothing that was published before the time inside the id, so that it costs what has come since. */
  async job(kind: Kind, id: string, options: PastOptions): Promise<PastJob | undefined> {
    const [job] = await this.#read(kind, [id], deadlineOf(options));
    return job;
  }

  /** Newest first; a list as `View.jobs` gives it. */
  async jobs(
    kind: Kind,
    filter: JobFilter,
    { limit, offset, before }: PastPage,
    options: PastOptions,
  ): Promise<readonly PastJob[]> {
    const ask = deadlineOf(options);
    const statuses = filter.status?.filter((status) => status !== 'unknown');
    if (statuses?.length === 0) return [];
    const known = statuses ? { ...filter, status: statuses } : filter;
    if (isToldBySql(statuses)) {
      return this.#read(kind, await this.#search({ kind, filter: known, before, limit, offset }, ask), ask);
    }
    const matching: PastJob[] = [];
    for (let next = before; ; ) {
      const search = { kind, filter: known, before: next, limit: BATCH_JOBS, offset: 0 };
      const ids = await this.#search(search, ask);
      const jobs = await this.#read(kind, ids, ask);
      matching.push(...jobs.filter(({ state }) => statuses?.some((status) => status === statusOf(state))));
      const last = ids.at(-1);
      if (matching.length >= offset + limit || last === undefined || ids.length < BATCH_JOBS) break;
      next = last;
    }
    return matching.slice(offset, offset + limit);
  }

  async #search(search: Omit<JobSearch, 'sinceMs'>, ask: Ask): Promise<string[]> {
    const { filter, before, limit } = search;
    const fromMs = Math.max(0, filter.fromMs ?? 0);
    const nearMs = Math.max(fromMs, Math.min(timeIn(before), filter.toMs ?? Infinity) - FIRST_LOOK_MS);
    const look = async (sinceMs: number) =>
      (await this.#query(jobSearchSql({ ...search, sinceMs }), limit, ask)).rows.map(([id]) => String(id));
    const near = await look(nearMs);
    return near.length === limit || nearMs === fromMs ? near : look(fromMs);
  }

  async #read(kind: Kind, ids: readonly string[], ask: Ask): Promise<PastJob[]> {
    if (ids.length === 0) return [];
    const sinceMs = Math.min(...ids.map((id) => jobIdTimeMs(id) ?? 0));
    const result = await this.#query(jobEventsSql(kind, ids, sinceMs), MAX_EVENTS, ask);
    if (result.truncated) throw new GenfleetError('ledger_failed', 'the events of a page are too many');
    const byJob = Map.groupBy(eventsIn(result), ({ event }) => event.id);
    return ids.flatMap((id) => folded(byJob.get(id) ?? []));
  }

  #query(sql: string, maxRows: number, { signal, untilMs }: Ask) {
    const timeoutMs = Math.max(1, Math.ceil(untilMs - performance.now()));
    return this.#ledger.query(sql, { maxRows, timeoutMs, signal });
  }
}

interface Ask {
  readonly signal: AbortSignal;
  readonly untilMs: number;
}

function deadlineOf({ signal, timeoutMs }: PastOptions): Ask {
  return { signal, untilMs: performance.now() + timeoutMs };
}

function folded(events: PlacedEvent[]): PastJob[] {
  events.sort((a, b) => compareOrder(a.order, b.order));
  const state = events.reduce<JobState | undefined>(
    (before, { event, order }) => evolve(before, event, order),
    undefined,
  );
  const [first] = events;
  return state && first ? [{ state, tenant: first.event.tenant, events }] : [];
}

/** The first 48 bits, whatever the version is. */
function timeIn(id: string): number {
  return Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
}
