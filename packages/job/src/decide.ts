import { type CompletionSettings, withoutText } from './completion.ts';
import type { GenfleetError } from './error.ts';
import {
  type CancelledEvent,
  type DeadEvent,
  EVENT_VERSION,
  type Failure,
  type RequestedEvent,
} from './event.ts';
import type { ImageRequest, Priority, Txt2ImgSettings } from './settings.ts';
import {
  attemptOf,
  countedClaims,
  heldUntilMs,
  isTerminal,
  type JobState,
  MAX_ATTEMPTS,
  MAX_CLAIMS,
  statusOf,
} from './state.ts';

const iso = (ms: number) => new Date(ms).toISOString();
const MESSAGE_CHARS = 2_000;
/** Somebody sits before a cursor: their job is tried again soon or not at all. */
const INTERACTIVE_BACKOFF_MS = [100, 400, 1_600];

export interface Admission {
  readonly id: string;
  readonly tenant: string;
  readonly nowMs: number;
  /** Used when the request names none. */
  readonly seed: number;
  readonly idempotency?: { readonly key_sha256: string; readonly body_sha256: string };
}

/** The message that puts a new image job in line. */
export function decideRequest(request: ImageRequest, admission: Admission): RequestedEvent<'txt2img'> {
  const settings: Txt2ImgSettings = {
    ...request.generation_settings,
    seed: request.generation_settings.seed ?? admission.seed,
  };
  return { ...firstRequest(request, admission), kind: 'txt2img', settings };
}

/** A completion as it was asked for, checked and with every default filled in. */
export interface CompletionRequest {
  readonly settings: CompletionSettings;
  readonly metadata: Record<string, string>;
  readonly interactive: boolean;
  readonly stream: boolean;
  readonly store: boolean;
  readonly session_sha256?: string;
  readonly priority?: Priority;
  readonly deadline_seconds?: number;
  readonly webhook_url?: string;
}

/** The message that puts a new completion in line. */
export function decideCompletion(
  request: CompletionRequest,
  admission: Omit<Admission, 'seed'>,
): RequestedEvent<'completion'> {
  const { settings, interactive, stream, store, session_sha256 } = request;
  return {
    ...firstRequest(request, admission),
    kind: 'completion',
    settings,
    interactive,
    stream,
    store,
    ...(session_sha256 === undefined ? {} : { session_sha256 }),
  };
}

function firstRequest(
  request: Pick<ImageRequest, 'metadata' | 'priority' | 'deadline_seconds' | 'webhook_url'>,
  { id, tenant, nowMs, idempotency }: Omit<Admission, 'seed'>,
) {
  const { metadata, priority, deadline_seconds: deadlineSeconds, webhook_url } = request;
  return {
    type: 'requested' as const,
    version: EVENT_VERSION,
    id,
    tenant,
    redrive: 0,
    attempt: 1,
    metadata,
    request_time: iso(nowMs),
    failures: [],
    ...(idempotency === undefined ? {} : { idempotency }),
    // the ledger need not say of every job that it is like any other
    ...(priority === undefined || priority === 'normal' ? {} : { priority }),
    ...(deadlineSeconds === undefined ? {} : { deadline: iso(nowMs + deadlineSeconds * 1_000) }),
    ...(webhook_url === undefined ? {} : { webhook_url }),
  } satisfies Partial<RequestedEvent>;
}

export type RunDecision =
  | { readonly do: 'run'; readonly attempt: number }
  /** Another worker has it until then (Unix ms), and may yet fail to end it: hand it back to the bus. */
  | { readonly do: 'yield'; readonly untilMs: number }
  /** Nothing is left to do for this delivery: acknowledge it. */
  | { readonly do: 'drop'; readonly reason: string }
  /** The job ends here without having run: this says so in the ledger. */
  | { readonly do: 'bury'; readonly event: DeadEvent | CancelledEvent };

/** A request as the bus hands it out, or, without a message, as the view knows it. */
export interface Handed {
  readonly request: RequestedEvent;
  readonly messageId?: string | undefined;
}

/** Whether a delivery of `request` is still wanted, before anything is claimed. */
export function decideDelivery(
  state: JobState | undefined,
  handed: Handed,
  nowMs: number,
  worker: string,
): RunDecision {
  const { request } = handed;
  const refused = state && refuseKnown(state, handed, nowMs);
  if (refused) return refused;
  if (isPastDeadline(request, nowMs)) return { do: 'bury', event: expired(request, nowMs) };
  if (request.attempt > MAX_ATTEMPTS)
    return { do: 'bury', event: workerLost(request, undefined, worker, nowMs) };
  if (state && state.redrive === request.redrive && state.starts.length >= MAX_CLAIMS)
    return { do: 'bury', event: claimedTooOften(request, state, nowMs) };
  return { do: 'run', attempt: request.attempt };
}

/** What is known of the job that leaves nothing to do for this message, now or at all. */
function refuseKnown(
  state: JobState,
  { request, messageId }: Handed,
  nowMs: number,
): RunDecision | undefined {
  if (request.redrive < state.redrive) return { do: 'drop', reason: 'redriven since' };
  // of the life that begins with this message nothing is known yet
  if (request.redrive > state.redrive) return undefined;
  const status = statusOf(state);
  if (isTerminal(status)) return { do: 'drop', reason: status };
  if (request.attempt < (state.request?.attempt ?? 0))
    return { do: 'drop', reason: 'a later attempt is in line' };
  if (isRepeat(state, request, messageId))
    return { do: 'drop', reason: 'an earlier message asks for the same' };
  const untilMs = heldUntilMs(state);
  return untilMs !== undefined && nowMs < untilMs ? { do: 'yield', untilMs } : undefined;
}

/** The sender of a message that is not told of its storing sends it again: the first of them is the one that is run. */
function isRepeat({ request, requestOrder }: JobState, asked: RequestedEvent, messageId?: string): boolean {
  if (messageId === undefined || !requestOrder || request?.attempt !== asked.attempt) return false;
  return requestOrder.messageId < messageId;
}

/** Claims of one life that a job may have and still be chosen by workers that were not handed it. */
const MAX_CLAIMS_AHEAD = MAX_CLAIMS / 4;

/**
 * Whether a worker may choose this job though the bus has not handed it out: one that waits, for as long as the bus
 * can be trusted to hand it out in any case.
 */
export function mayClaimAhead(state: JobState, nowMs: number): boolean {
  const { request, starts } = state;
  const status = statusOf(state);
  if (!request || (status !== 'queued' && status !== 'retrying')) return false;
  if (isFleeting(request) || isPastDeadline(request, nowMs) || starts.length >= MAX_CLAIMS_AHEAD)
    return false;
  return request.not_before === undefined || Date.parse(request.not_before) <= nowMs;
}

/**
 * Of a worker whose claim lost, and which may have a clock that tells it otherwise: twice as long each time, since each
 * try is one more claim.
 */
const LOST_CLAIM_WAIT_MS = { first: 1_000, most: 60_000 };

/**
 * What a worker does once its claim stands in the ledger and was folded: the claim's place says which attempt
 * it is, so two workers, or one worker twice, can't both believe to be the first.
 */
export function decideClaim(
  state: JobState,
  request: RequestedEvent,
  claim: string,
  nowMs: number,
): RunDecision {
  const status = statusOf(state);
  if (state.redrive !== request.redrive) return { do: 'drop', reason: 'redriven since' };
  if (isTerminal(status)) return { do: 'drop', reason: status };
  const attempt = attemptOf(state, claim);
  const mine = state.starts.find((start) => start.claim === claim);
  if (!mine || mine.released) return { do: 'drop', reason: 'claim is not in the ledger' };
  if (attempt === undefined) {
    const lost = state.starts.filter(({ worker, released }) => released && worker === mine.worker).length;
    const { first, most } = LOST_CLAIM_WAIT_MS;
    return { do: 'yield', untilMs: nowMs + Math.min(most, first * 2 ** lost) };
  }
  if (attempt > MAX_ATTEMPTS) return { do: 'bury', event: workerLost(request, state, mine.worker, nowMs) };
  return { do: 'run', attempt };
}

export interface Failed {
  readonly attempt: number;
  readonly worker: string;
  readonly error: GenfleetError;
  readonly nowMs: number;
  /** Wait before attempt 2, 3 and 4, in ms; the last one holds for all beyond. */
  readonly backoffMs: readonly number[];
}

/**
 * A retry with its time, or the dead letter. A failed attempt that can't get better is not tried again, nor one whose
 * next could only begin after its client has left.
 */
export function decideFailure(
  state: JobState | undefined,
  request: RequestedEvent,
  failed: Failed,
): RequestedEvent | DeadEvent | CancelledEvent {
  const { attempt, worker, error, nowMs, backoffMs } = failed;
  if (error.code === 'deadline_exceeded' && isInteractive(request)) return expired(request, nowMs);
  const message = error.message.slice(0, MESSAGE_CHARS);
  const failure: Failure = { attempt, worker, time: iso(nowMs), code: error.code, message };
  const failures = [...lostAttempts(state, request, attempt), failure];
  if (!error.retryable || attempt >= MAX_ATTEMPTS) {
    return buried(request, { attempt, failures }, { code: error.code, message }, nowMs);
  }
  const waits = isInteractive(request) ? INTERACTIVE_BACKOFF_MS : backoffMs;
  const waitMs = waits[Math.min(attempt, waits.length) - 1] ?? 0;
  if (isInteractive(request) && isPastDeadline(request, nowMs + waitMs)) {
    return buried(request, { attempt, failures }, { code: error.code, message }, nowMs);
  }
  return { ...request, attempt: attempt + 1, failures, not_before: iso(nowMs + waitMs) };
}

export type Refusal = { readonly refused: string };

/** The event that cancels a job, or why it can't be. */
export function decideCancel(state: JobState, nowMs: number, reason: string): CancelledEvent | Refusal {
  const status = statusOf(state);
  if (isTerminal(status)) return { refused: `The job is already ${status}` };
  if (!state.request) return { refused: 'The job is not known yet' };
  return cancelled(state.request, state.redrive, nowMs, reason);
}

/** Ends a job whose request is at hand, whatever the ledger holds of it by now. */
export function cancelRequest(request: RequestedEvent, nowMs: number, reason: string): CancelledEvent {
  return cancelled(request, request.redrive, nowMs, reason);
}

function cancelled(
  { id, kind, tenant }: Pick<RequestedEvent, 'id' | 'kind' | 'tenant'>,
  redrive: number,
  nowMs: number,
  reason: string,
): CancelledEvent {
  return { type: 'cancelled', version: EVENT_VERSION, id, kind, tenant, redrive, reason, time: iso(nowMs) };
}

/** The message that brings a dead letter back to the queue with all its attempts, or why it can't. */
export function decideRedrive(state: JobState): RequestedEvent | Refusal {
  if (state.outcome?.type !== 'dead') return { refused: `The job is ${statusOf(state)}, not a dead letter` };
  const { event } = state.outcome;
  if (event.kind === 'completion' && !event.store) return { refused: 'The prompt of the job was not kept' };
  const { type: _type, error: _error, time: _time, deadline: _deadline, ...job } = event;
  const again = {
    type: 'requested',
    redrive: state.redrive + 1,
    attempt: 1,
    failures: [] as Failure[],
  } as const;
  return job.kind === 'completion' ? { ...job, ...again, interactive: false } : { ...job, ...again };
}

export function isPastDeadline(request: Pick<RequestedEvent, 'deadline'>, nowMs: number): boolean {
  return request.deadline !== undefined && nowMs >= Date.parse(request.deadline);
}

/** Whether a client waits for the job on an open connection: nobody wants it later. */
export function isInteractive(request: RequestedEvent): boolean {
  return request.kind === 'completion' && request.interactive;
}

/** Whether a job is forgotten with its connection: a power cut ends both, so its events need not outlive one. */
export function isFleeting(request: RequestedEvent): boolean {
  return request.kind === 'completion' && request.interactive && !request.store;
}

/** A job that nobody waits for is no dead letter: there is nothing to look into and nothing to bring back. */
function expired(request: RequestedEvent, nowMs: number): DeadEvent | CancelledEvent {
  const message = `Not completed by its deadline, ${request.deadline}`;
  if (isInteractive(request)) return cancelRequest(request, nowMs, message);
  return buried(
    request,
    { attempt: request.attempt, failures: request.failures },
    { code: 'deadline_exceeded', message },
    nowMs,
  );
}

function workerLost(
  request: RequestedEvent,
  state: JobState | undefined,
  worker: string,
  nowMs: number,
): DeadEvent {
  const failures = lostAttempts(state, request, MAX_ATTEMPTS + 1);
  const message = `Given up after ${MAX_ATTEMPTS} attempts; the last worker to claim it, ${worker}, did not run it`;
  return buried(request, { attempt: MAX_ATTEMPTS, failures }, { code: 'worker_lost', message }, nowMs);
}

function claimedTooOften(request: RequestedEvent, state: JobState, nowMs: number): DeadEvent {
  const failures = lostAttempts(state, request, MAX_ATTEMPTS + 1);
  const message = `Given up after ${state.starts.length} claims, of which most were handed back unfinished`;
  return buried(request, { attempt: request.attempt, failures }, { code: 'worker_lost', message }, nowMs);
}

/** The failures that were reported, and one `worker_lost` for each earlier claim that nothing was heard of. */
function lostAttempts(state: JobState | undefined, request: RequestedEvent, before: number): Failure[] {
  const reported = new Map(request.failures.map((failure) => [failure.attempt, failure]));
  for (const { start, attempt } of countedClaims(state?.starts ?? [])) {
    if (attempt >= before || reported.has(attempt)) continue;
    const message = 'The worker died during this attempt, or lost its connection';
    reported.set(attempt, {
      attempt,
      worker: start.worker,
      time: start.time,
      code: 'worker_lost',
      message,
    });
  }
  return [...reported.values()].sort((a, b) => a.attempt - b.attempt);
}

function buried(
  request: RequestedEvent,
  attempts: { attempt: number; failures: Failure[] },
  error: DeadEvent['error'],
  nowMs: number,
): DeadEvent {
  const { not_before: _notBefore, ...job } = request;
  const end = { ...attempts, type: 'dead', error, time: iso(nowMs) } as const;
  if (job.kind === 'completion' && !job.store) {
    return { ...job, ...end, settings: withoutText(job.settings) };
  }
  return { ...job, ...end };
}
