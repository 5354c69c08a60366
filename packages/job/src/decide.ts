import type { GenfleetError } from './error.ts';
import {
  type CancelledEvent,
  type DeadEvent,
  EVENT_VERSION,
  type Failure,
  type RequestedEvent,
} from './event.ts';
import type { ImageRequest, Txt2ImgSettings } from './settings.ts';
import { attemptOf, isTerminal, type JobState, MAX_ATTEMPTS, MAX_CLAIMS, statusOf } from './state.ts';

const iso = (ms: number) => new Date(ms).toISOString();
const MESSAGE_CHARS = 2_000;

export interface Admission {
  readonly id: string;
  readonly tenant: string;
  readonly nowMs: number;
  /** Used when the request names none. */
  readonly seed: number;
  readonly idempotency?: { readonly key_sha256: string; readonly body_sha256: string };
}

/** The message that puts a new image job in line. */
export function decideRequest(request: ImageRequest, admission: Admission): RequestedEvent {
  const settings: Txt2ImgSettings = {
    ...request.generation_settings,
    seed: request.generation_settings.seed ?? admission.seed,
  };
  return {
    type: 'requested',
    version: EVENT_VERSION,
    id: admission.id,
    kind: 'txt2img',
    tenant: admission.tenant,
    redrive: 0,
    attempt: 1,
    settings,
    metadata: request.metadata,
    request_time: iso(admission.nowMs),
    failures: [],
    ...(admission.idempotency === undefined ? {} : { idempotency: admission.idempotency }),
    ...(request.deadline_seconds === undefined
      ? {}
      : { deadline: iso(admission.nowMs + request.deadline_seconds * 1_000) }),
    ...(request.webhook_url === undefined ? {} : { webhook_url: request.webhook_url }),
  };
}

export type RunDecision =
  | { readonly do: 'run'; readonly attempt: number }
  /** Nothing is left to do for this delivery: acknowledge it. */
  | { readonly do: 'drop'; readonly reason: string }
  | { readonly do: 'bury'; readonly event: DeadEvent };

/** Whether a delivery of `request` is still wanted, before anything is claimed. */
export function decideDelivery(
  state: JobState | undefined,
  request: RequestedEvent,
  nowMs: number,
  worker: string,
): RunDecision {
  if (state) {
    const status = statusOf(state);
    if (request.redrive < state.redrive) return { do: 'drop', reason: 'redriven since' };
    if (request.redrive === state.redrive && isTerminal(status)) return { do: 'drop', reason: status };
    const asked = state.redrive === request.redrive ? (state.request?.attempt ?? 0) : 0;
    if (request.attempt < asked) return { do: 'drop', reason: 'a later attempt is in line' };
  }
  if (isPastDeadline(request, nowMs)) return { do: 'bury', event: deadlineExceeded(request, nowMs) };
  if (request.attempt > MAX_ATTEMPTS)
    return { do: 'bury', event: workerLost(request, undefined, worker, nowMs) };
  if (state && state.redrive === request.redrive && state.starts.length >= MAX_CLAIMS)
    return { do: 'bury', event: claimedTooOften(request, state, nowMs) };
  return { do: 'run', attempt: request.attempt };
}

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
  if (attempt === undefined) return { do: 'drop', reason: 'claim is not in the ledger' };
  const mine = state.starts.find((start) => start.claim === claim);
  if (attempt > MAX_ATTEMPTS)
    return { do: 'bury', event: workerLost(request, state, mine?.worker ?? '', nowMs) };
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

/** A retry with its time, or the dead letter. A failed attempt that can't get better is not tried again. */
export function decideFailure(
  state: JobState | undefined,
  request: RequestedEvent,
  failed: Failed,
): RequestedEvent | DeadEvent {
  const { attempt, worker, error, nowMs, backoffMs } = failed;
  const message = error.message.slice(0, MESSAGE_CHARS);
  const failure: Failure = { attempt, worker, time: iso(nowMs), code: error.code, message };
  const failures = [...lostAttempts(state, request, attempt), failure];
  if (!error.retryable || attempt >= MAX_ATTEMPTS) {
    return buried(request, { attempt, failures }, { code: error.code, message }, nowMs);
  }
  const waitMs = backoffMs[Math.min(attempt, backoffMs.length) - 1] ?? 0;
  return { ...request, attempt: attempt + 1, failures, not_before: iso(nowMs + waitMs) };
}

export type Refusal = { readonly refused: string };

/** The event that cancels a job, or why it can't be. */
export function decideCancel(state: JobState, nowMs: number, reason: string): CancelledEvent | Refusal {
  const status = statusOf(state);
  if (isTerminal(status)) return { refused: `The job is already ${status}` };
  if (!state.request) return { refused: 'The job is not known yet' };
  const { id, kind, tenant } = state.request;
  return {
    type: 'cancelled',
    version: EVENT_VERSION,
    id,
    kind,
    tenant,
    redrive: state.redrive,
    reason,
    time: iso(nowMs),
  };
}

/** The message that brings a dead letter back to the queue with all its attempts, or why it can't. */
export function decideRedrive(state: JobState): RequestedEvent | Refusal {
  if (state.outcome?.type !== 'dead') return { refused: `The job is ${statusOf(state)}, not a dead letter` };
  const { type: _type, error: _error, time: _time, deadline: _deadline, ...job } = state.outcome.event;
  return { ...job, type: 'requested', redrive: state.redrive + 1, attempt: 1, failures: [] };
}

export function isPastDeadline(request: Pick<RequestedEvent, 'deadline'>, nowMs: number): boolean {
  return request.deadline !== undefined && nowMs >= Date.parse(request.deadline);
}

function deadlineExceeded(request: RequestedEvent, nowMs: number): DeadEvent {
  const message = `Not completed by its deadline, ${request.deadline}`;
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
  let used = 0;
  for (const start of state?.starts ?? []) {
    if (start.released) continue;
    used = Math.max(used + 1, start.attempt);
    if (used >= before || reported.has(used)) continue;
    const message = 'The worker died during this attempt, or lost its connection';
    reported.set(used, {
      attempt: used,
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
  return { ...job, ...attempts, type: 'dead', error, time: iso(nowMs) };
}
