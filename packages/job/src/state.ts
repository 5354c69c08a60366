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
  /** Claims of the current life in ledger order; the position is the attempt. */
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
  const counted = state.starts.filter((start) => !start.released);
  return counted.reduce((used, start) => Math.max(used + 1, start.attempt), 0);
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

/**
 * The attempt, from 1, that a claim stands for: its place among the claims that count, or what its message
 * asked for if that is more. Undefined when the claim is not of the current life or was released.
 */
export function attemptOf(state: JobState, claim: string): number | undefined {
  let used = 0;
  for (const start of state.starts) {
    if (start.released) continue;
    used = Math.max(used + 1, start.attempt);
    if (start.claim === claim) return used;
  }
  return undefined;
}

/** What is known of the attempts that did not succeed, oldest first. */
export function failuresOf(state: JobState): readonly Failure[] {
  if (state.outcome?.type === 'dead') return state.outcome.event.failures;
  return state.request?.failures ?? [];
}
