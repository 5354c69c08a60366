import type { Delivery } from '@genfleet/bus';
import {
  type CancelledEvent,
  type DeadEvent,
  decideClaim,
  decideDelivery,
  EVENT_VERSION,
  type Handed,
  isFleeting,
  jobIdTimeMs,
  type RequestedEvent,
  type StartedEvent,
} from '@genfleet/job';
import type { WorkerOptions } from './options.ts';
import type { Publisher } from './publish.ts';

const PUBLISH_PATIENCE_MS = 30_000;
const FOLD_TIMEOUT_MS = 30_000;

export type Refused =
  | { readonly do: 'drop'; readonly reason: string }
  | { readonly do: 'bury'; readonly event: DeadEvent | CancelledEvent }
  /** The ledger could not be reached; nothing is known. */
  | { readonly do: 'wait'; readonly reason: string }
  /** It is another worker's until then (Unix ms); the claim that lost to it, if one was written. */
  | { readonly do: 'yield'; readonly untilMs: number; readonly lost?: OwnClaim };

/** A claim of this worker, as it wrote it. */
export interface OwnClaim {
  readonly claim: string;
  readonly attempt: number;
}

/** How a job came to this worker. */
interface Offered {
  readonly deliveries: readonly Delivery[];
  /** Before the bus handed it out. */
  readonly isAhead: boolean;
}

/** What the fold made of a claim. */
export type Confirmation = { readonly do: 'run'; readonly attempt: number } | Refused;

/** A claim on its way into the ledger. */
export interface Claim {
  readonly do: 'run';
  /** As the request and the view say; `confirmed` has the last word. */
  readonly attempt: number;
  readonly claim: string;
  readonly startedMs: number;
  /** Never rejects. No outcome may be published before it says `run`. */
  readonly confirmed: Promise<Confirmation>;
  /** Writes the claim of a run that goes on for longer than `LATE_CLAIM_MS`. Never rejects. */
  readonly late?: () => Promise<Confirmation>;
}

/**
 * A job that is forgotten with its connection is claimed once it has run for so long: most have ended by then, and
 * need no record that they began. One that kills its workers faster than this is ended by its deadline.
 */
export const LATE_CLAIM_MS = 200;

/** A bus that does not count its hand-outs has hardly made two of a message that is younger than this. */
const FRESH_MS = 250;

/**
 * For how long a claim ahead of the bus stands by itself, in ms, and how often a run that goes on moves it on: the bus
 * does not know that the job runs, so nobody else would be told of its worker's death before.
 */
const AHEAD_MS = 30_000;
export const AHEAD_RENEWAL_MS = AHEAD_MS / 3;

/**
 * Claims one run of a job: writes a `started` event and reads its own fold up to it. The place of the claim
 * among all claims of the job says which attempt it is, so that a death in the middle has cost one whoever
 * gets the job next, and no broker has to count.
 *
 * A job that nobody had before may be run while its claim is still being written and read back: the engine does not
 * wait for the disk. Only a worker that dies in these first milliseconds leaves no trace of its attempt. A job that was
 * claimed before, or may have been handed out, runs once this claim is confirmed, and so does one that is claimed
 * `isAhead` of the bus: others may be choosing it as well.
 */
export async function claimRun(
  options: WorkerOptions,
  publisher: Publisher,
  { request, isAhead, messageId, deliveries }: Handed & Offered,
  signal: AbortSignal,
): Promise<Claim | Refused> {
  const { view, worker, now } = options;
  // a view that began later than the job must first read the ledger from there
  if (!(await view.cover(jobIdTimeMs(request.id) ?? 0, FOLD_TIMEOUT_MS))) {
    return { do: 'wait', reason: 'the view does not reach back to the job yet' };
  }
  const known = view.job(request.id);
  const before = decideDelivery(known, { request, messageId }, now(), worker);
  if (before.do !== 'run') return before;
  const claim = options.newClaim();
  const startedMs = now();
  const { attempt } = before;
  const isUnclaimed = attempt === 1 && !known?.starts.length && !isAhead;
  const write = () => {
    const started = startedEvent(request, { claim, worker, attempt, nowMs: startedMs, isAhead });
    return confirm(options, publisher, request, started, signal);
  };
  if (isUnclaimed && isFleeting(request)) {
    const confirmed = Promise.resolve({ do: 'run', attempt } as const);
    return { do: 'run', attempt, claim, startedMs, confirmed, late: write };
  }
  const confirmed = write();
  if (isUnclaimed && deliveries.every((each) => isFirst(each, startedMs)))
    return { do: 'run', attempt, claim, startedMs, confirmed };
  const confirmation = await confirmed;
  return confirmation.do === 'run' ? { ...confirmation, claim, startedMs, confirmed } : confirmation;
}

function isFirst({ redelivered, publishTimeMs }: Delivery, nowMs: number): boolean {
  return redelivered === undefined ? nowMs - publishTimeMs < FRESH_MS : !redelivered;
}

async function confirm(
  options: WorkerOptions,
  publisher: Publisher,
  request: RequestedEvent,
  started: StartedEvent,
  signal: AbortSignal,
): Promise<Confirmation> {
  const { view, now, log } = options;
  try {
    const { topic, messageId } = await publisher.publish(started, {
      patienceMs: PUBLISH_PATIENCE_MS,
      signal,
      fleeting: isFleeting(request),
    });
    const isApplied = await view.applied(topic, messageId, FOLD_TIMEOUT_MS);
    const state = view.job(request.id);
    if (!isApplied || !state) return { do: 'wait', reason: 'the view did not reach the claim in time' };
    const decision = decideClaim(state, request, started.claim, now());
    const { claim, attempt } = started;
    return decision.do === 'yield' ? { ...decision, lost: { claim, attempt } } : decision;
  } catch (err) {
    log.error({ jobId: request.id, attempt: started.attempt, err }, 'could not claim the job');
    return { do: 'wait', reason: 'the claim could not be written' };
  }
}

/** A claim in the ledger. */
interface Claimed extends OwnClaim {
  readonly request: RequestedEvent;
}

/** Takes a claim back: the run was not finished and does not count as an attempt. */
export async function releaseClaim(
  options: Pick<WorkerOptions, 'worker' | 'now'>,
  publisher: Publisher,
  claimed: Claimed,
  patienceMs: number,
): Promise<void> {
  const event = startedEvent(claimed.request, { ...claimed, ...byNow(options), isAhead: false });
  await publisher.publish({ ...event, released: true }, { patienceMs });
}

/** Moves the time on until which a claim ahead stands by itself. */
export async function renewClaim(
  options: Pick<WorkerOptions, 'worker' | 'now'>,
  publisher: Publisher,
  claimed: Claimed,
): Promise<void> {
  const event = startedEvent(claimed.request, { ...claimed, ...byNow(options), isAhead: true });
  await publisher.publish(event, { patienceMs: AHEAD_RENEWAL_MS });
}

function byNow({ worker, now }: Pick<WorkerOptions, 'worker' | 'now'>) {
  return { worker, nowMs: now() };
}

function startedEvent(
  request: RequestedEvent,
  by: OwnClaim & { worker: string; nowMs: number; isAhead: boolean },
): StartedEvent {
  return {
    type: 'started',
    version: EVENT_VERSION,
    id: request.id,
    kind: request.kind,
    tenant: request.tenant,
    redrive: request.redrive,
    attempt: by.attempt,
    claim: by.claim,
    worker: by.worker,
    model: request.settings.model,
    time: new Date(by.nowMs).toISOString(),
    ...(by.isAhead ? { ahead_until: new Date(by.nowMs + AHEAD_MS).toISOString() } : {}),
    released: false,
  };
}
