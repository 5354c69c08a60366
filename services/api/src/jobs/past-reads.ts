import { type ErrorCode, GenfleetError, jobIdTimeMs, type Kind } from '@genfleet/job';
import {
  type JobFilter,
  type PastJob,
  PastJobs,
  type PastPage,
  type SqlLedger,
  type View,
} from '@genfleet/ledger';
import type { Logger } from '@genfleet/telemetry';
import { type Problem, unavailable } from '../http/problem.ts';
import { Turns } from './turns.ts';

/** A ledger of a fleet takes seconds for a question, and a cold one more. */
const TIMEOUT_MS = 30_000;
const LIMITS = { running: 4, waiting: 16, perCaller: 6 };
const RETRY_AFTER_SECONDS = 5;
const BUSY_RETRY_SECONDS = 2;
/** Lists that are polled are asked once in this time: what they are of is over. */
const KEPT_MS = 60_000;
const KEPT_LISTS = 20;

const PLACE = 'What is older than the view is in the ledger, which';
const LATE = `${PLACE} did not answer within ${TIMEOUT_MS / 1_000} s`;
const AWAY = `${PLACE} can not be read now`;
const BUSY = `${PLACE} is asked for too much at once`;

/** Who wants to know, and for how long. */
export interface Asker {
  readonly caller: string;
  readonly signal: AbortSignal;
}

export type Past<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problem: Problem };

/**
 * Reads of jobs that no view holds, which the ledger is asked about: bounded, so that a flood of ids that nobody knows
 * reaches it as a few questions at a time.
 */
export class PastReads {
  readonly #jobs: PastJobs;
  readonly #views: Readonly<Record<Kind, Pick<View, 'coversFromMs'>>>;
  readonly #log: Logger;
  readonly #clock: () => number;
  readonly #turns = new Turns(LIMITS);
  /** Unix ms until which the ledger is left alone, since it was away. */
  #awayUntilMs = 0;
  readonly #lists = new Map<string, { readonly atMs: number; readonly jobs: readonly PastJob[] }>();

  /** `clock` is Unix time in ms. */
  constructor(parts: {
    readonly ledger: SqlLedger;
    readonly views: Readonly<Record<Kind, Pick<View, 'coversFromMs'>>>;
    readonly log: Logger;
    readonly clock: () => number;
  }) {
    this.#jobs = new PastJobs(parts.ledger);
    this.#views = parts.views;
    this.#log = parts.log;
    this.#clock = parts.clock;
  }

  /** Whether the job, if there is one, is older than its view reaches back. Ids without a time are in the view or nowhere. */
  isBeyondView(kind: Kind, id: string): boolean {
    const madeMs = jobIdTimeMs(id);
    return madeMs !== undefined && madeMs < this.#views[kind].coversFromMs;
  }

  job(kind: Kind, id: string, asker: Asker): Promise<Past<PastJob | undefined>> {
    return this.#ask(asker, (signal) => this.#jobs.job(kind, id, { signal, timeoutMs: TIMEOUT_MS }));
  }

  /** May be a minute old. */
  async jobs(kind: Kind, filter: JobFilter, page: PastPage, asker: Asker): Promise<Past<readonly PastJob[]>> {
    const key = JSON.stringify([kind, filter, page]);
    const kept = this.#lists.get(key);
    if (kept && this.#clock() - kept.atMs < KEPT_MS) return { ok: true, value: kept.jobs };
    const read = await this.#ask(asker, (signal) =>
      this.#jobs.jobs(kind, filter, page, { signal, timeoutMs: TIMEOUT_MS }),
    );
    if (read.ok) this.#keep(key, read.value);
    return read;
  }

  #keep(key: string, jobs: readonly PastJob[]): void {
    this.#lists.delete(key);
    this.#lists.set(key, { atMs: this.#clock(), jobs });
    const [oldest] = this.#lists.keys();
    if (this.#lists.size > KEPT_LISTS && oldest !== undefined) this.#lists.delete(oldest);
  }

  async #ask<T>({ caller, signal }: Asker, read: (signal: AbortSignal) => Promise<T>): Promise<Past<T>> {
    if (this.#clock() < this.#awayUntilMs) return refused(AWAY, RETRY_AFTER_SECONDS);
    const limited = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]);
    try {
      const value = this.#turns.take(caller, limited, () => read(limited));
      if (value === undefined) return refused(BUSY, BUSY_RETRY_SECONDS);
      return { ok: true, value: await value };
    } catch (error) {
      if (signal.aborted) return refused('The service is stopping', RETRY_AFTER_SECONDS);
      const code = error instanceof GenfleetError ? error.code : undefined;
      const isLate = limited.aborted || code === 'query_timeout';
      if (!isLate && !isAway(code)) throw error;
      this.#log.warn({ err: error }, 'the ledger could not be asked for jobs older than the view');
      if (isLate) return refused(LATE, RETRY_AFTER_SECONDS);
      this.#awayUntilMs = this.#clock() + RETRY_AFTER_SECONDS * 1_000;
      return refused(AWAY, RETRY_AFTER_SECONDS);
    }
  }
}

/** What the engine and the bus under it throw when they can't be reached. */
function isAway(code: ErrorCode | undefined): boolean {
  return code === 'ledger_failed' || code === 'bus_unavailable' || code === 'closed';
}

function refused(detail: string, seconds: number): { ok: false; problem: Problem } {
  return { ok: false, problem: unavailable(detail, seconds) };
}
