import {
  type DeadEvent,
  decideClaim,
  decideDelivery,
  EVENT_VERSION,
  jobIdTimeMs,
  type RequestedEvent,
  type StartedEvent,
} from '@genfleet/job';
import type { WorkerOptions } from './options.ts';
import type { Publisher } from './publish.ts';

const PUBLISH_PATIENCE_MS = 30_000;
const FOLD_TIMEOUT_MS = 30_000;

export type ClaimResult =
  | { readonly do: 'run'; readonly attempt: number; readonly claim: string; readonly startedMs: number }
  | { readonly do: 'drop'; readonly reason: string }
  | { readonly do: 'bury'; readonly event: DeadEvent }
  /** The ledger could not be reached; nothing is known. */
  | { readonly do: 'wait'; readonly reason: string };

/**
 * Claims one run of a job: writes a `started` event and reads its own fold up to it. The place of the claim
 * among all claims of the job says which attempt it is, so that a death in the middle has cost one whoever
 * gets the job next, and no broker has to count.
 */
export async function claimRun(
  options: WorkerOptions,
  publisher: Publisher,
  request: RequestedEvent,
  signal: AbortSignal,
): Promise<ClaimResult> {
  const { view, worker, now } = options;
  // a view that began later than the job must first read the ledger from there
  if (!(await view.cover(jobIdTimeMs(request.id) ?? 0, FOLD_TIMEOUT_MS))) {
    return { do: 'wait', reason: 'the view does not reach back to the job yet' };
  }
  const before = decideDelivery(view.job(request.id), request, now(), worker);
  if (before.do !== 'run') return before;
  const claim = options.newClaim();
  const startedMs = now();
  const started = startedEvent(request, { claim, worker, attempt: before.attempt, nowMs: startedMs });
  const { topic, messageId } = await publisher.publish(started, { patienceMs: PUBLISH_PATIENCE_MS, signal });
  if (!(await view.applied(topic, messageId, FOLD_TIMEOUT_MS))) {
    return { do: 'wait', reason: 'the view did not reach the claim in time' };
  }
  const state = view.job(request.id);
  if (!state) return { do: 'wait', reason: 'the view does not hold the job' };
  const decision = decideClaim(state, request, claim, now());
  return decision.do === 'run' ? { ...decision, claim, startedMs } : decision;
}

/** Takes a claim back: the run was not finished and does not count as an attempt. */
export async function releaseClaim(
  options: Pick<WorkerOptions, 'worker' | 'now'>,
  publisher: Publisher,
  run: { readonly request: RequestedEvent; readonly claim: string; readonly attempt: number },
  patienceMs: number,
): Promise<void> {
  const { request, claim, attempt } = run;
  const nowMs = options.now();
  const event = {
    ...startedEvent(request, { claim, worker: options.worker, attempt, nowMs }),
    released: true,
  };
  await publisher.publish(event, { patienceMs });
}

function startedEvent(
  request: RequestedEvent,
  by: { claim: string; worker: string; attempt: number; nowMs: number },
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
    released: false,
  };
}
