import type { CompletedEvent, DeadEvent, Failure, RequestedEvent } from './event.ts';
import type { EventType } from './topic.ts';

/**
 * Where a job stands.
 * - `unknown`: events of it were seen, its request not yet (topics are read side by side)
 * - `queued`: waits for its first run
 * - `running`: a worker claimed it
 * - `retrying`: a run failed, the next one waits for its time
 * - `completed`, `dead`, `cancelled`: ended; only `dead` can be left, by a redrive
 */
export const JOB_STATUSES = [
  'unknown',
  'queued',
  'running',
  'retrying',
  'completed',
  'dead',
  'cancelled',
] as const;
export type JobStatus = (typeof JOB_STATUSES)[number];

/** Place of an event in the ledger. Compare with `compareOrder`. */
export interface LedgerOrder {
  /** Unix time in ms at which it was published. */
  readonly timeMs: number;
  readonly type: EventType;
  /** Sorts as text in the order of its topic. */
  readonly messageId: string;
}

export interface Start {
  readonly order: LedgerOrder;
  /** The attempt that the requesting message asked for. */
  readonly attempt: number;
  /** The worker gave the claim back unfinished (it was told to stop); it does not count as an attempt. */
  readonly released: boolean;
  /** Unix ms until which the claim of a worker that chose the job by itself is the only one; see `countedClaims`. */
  readonly aheadUntilMs?: number;
  readonly claim: string;
  readonly worker: string;
  readonly model: string;
  readonly time: string;
}

export type Outcome =
  | { readonly type: 'completed'; readonly order: LedgerOrder; readonly event: CompletedEvent }
  | { readonly type: 'dead'; readonly order: LedgerOrder; readonly event: DeadEvent }
  | {
      readonly type: 'cancelled';
      readonly order: LedgerOrder;
      readonly time: string;
      readonly reason: string;
    };

/** All that the fold keeps of a job. A function of the set of its events, not of the order they were read in. */
export interface JobState {
  readonly id: string;
  /** The highest redrive seen; events of earlier lives no longer count. */
  readonly redrive: number;
  /** The request with the most attempts behind it, in the current life. */
  readonly request: RequestedEvent | undefined;
  readonly requestOrder: LedgerOrder | undefined;
  /** Claims of the current life in the order of their topic; see `countedClaims`. */
  readonly starts: readonly Start[];
  /** The first outcome of the current life in ledger order. */
  readonly outcome: Outcome | undefined;
}

/**
 * Claims that one life of a job may have; only releases can make so many. The bound is held by `decideDelivery`,
 * which claims no more: a fold that forgot some of them would depend on the order it read them in.
 */
export const MAX_CLAIMS = 64;

/** The first run and three retries. */
export const MAX_ATTEMPTS = 4;

const RANK: Record<EventType, number> = { requested: 0, started: 1, completed: 2, dead: 3, cancelled: 4 };

/** Total order of events: publish time, then type, then place in the topic. The same on every replica. */
export function compareOrder(a: LedgerOrder, b: LedgerOrder): number {
  if (a.timeMs !== b.timeMs) return a.timeMs - b.timeMs;
  if (a.type !== b.type) return RANK[a.type] - RANK[b.type];
  return a.messageId < b.messageId ? -1 : a.messageId > b.messageId ? 1 : 0;
}

export function emptyState(id: string): JobState {
  return { id, redrive: 0, request: undefined, requestOrder: undefined, starts: [], outcome: undefined };
}

/** Runs that count, so far, in the current life. */
export function attemptsUsed(state: JobState): number {
  return countedClaims(state.starts).at(-1)?.attempt ?? 0;
}

export function statusOf(state: JobState): JobStatus {
  if (state.outcome) return state.outcome.type;
  const asked = state.request?.attempt ?? 0;
  const used = attemptsUsed(state);
  if (used > 0 && used >= asked) return 'running';
  if (asked === 0) return 'unknown';
  return asked > 1 ? 'retrying' : 'queued';
}

export function isTerminal(status: JobStatus): boolean {
  return status === 'completed' || status === 'dead' || status === 'cancelled';
}

export interface CountedClaim {
  readonly start: Start;
  /** From 1. */
  readonly attempt: number;
}

/**
 * The claims that are attempts, of a life's claims in the order of their topic. The place says which attempt, or what the claim's
 * message asked for if that is more. No attempts are:
 * - claims that were released;
 * - a claim ahead of the bus of an attempt that somebody has claimed before: its worker chose the job among those that
 *   seemed to wait, and another was first;
 * - a claim of an attempt that was claimed ahead and whose time is not over: the bus hands the job out while it runs.
 */
export function countedClaims(starts: readonly Start[]): readonly CountedClaim[] {
  const counted: CountedClaim[] = [];
  let used = 0;
  let heldUntilMs = Number.NEGATIVE_INFINITY;
  for (const start of starts) {
    if (start.released) continue;
    const isTaken = start.attempt <= used;
    if (isTaken && (start.aheadUntilMs !== undefined || start.order.timeMs < heldUntilMs)) continue;
    used = Math.max(used + 1, start.attempt);
    heldUntilMs = start.aheadUntilMs ?? Number.NEGATIVE_INFINITY;
    counted.push({ start, attempt: used });
  }
  return counted;
}

/** Unix ms until which the attempt that runs now can't be claimed by another worker; undefined when it can. */
export function heldUntilMs(state: JobState): number | undefined {
  const last = countedClaims(state.starts).at(-1);
  if (!last || last.attempt < (state.request?.attempt ?? 0)) return undefined;
  return last.start.aheadUntilMs;
}

/**
 * The attempt, from 1, that a claim stands for; see `countedClaims`. Undefined when it is none, or not of the current
 * life.
 */
export function attemptOf(state: JobState, claim: string): number | undefined {
  return countedClaims(state.starts).find(({ start }) => start.claim === claim)?.attempt;
}

/** What is known of the attempts that did not succeed, oldest first. */
export function failuresOf(state: JobState): readonly Failure[] {
  if (state.outcome?.type === 'dead') return state.outcome.event.failures;
  return state.request?.failures ?? [];
}
