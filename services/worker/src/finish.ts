import type { Delivery } from '@genfleet/bus';
import {
  type CompletedEvent,
  decideFailure,
  GenfleetError,
  isFleeting,
  isInteractive,
  type Kind,
} from '@genfleet/job';
import { type Refused, releaseClaim } from './claim.ts';
import type { Craft, Failure, RunResult, Success } from './craft.ts';
import type { WorkerOptions } from './options.ts';
import type { Publisher } from './publish.ts';
import { type Run, stopReason, type Waiting } from './run.ts';

const PUBLISH_PATIENCE_MS = 60_000;
/** Before the bus hands a job out again whose outcome could not be written. */
const UNPUBLISHED_WAIT_MS = 5_000;
/** Before a job is handed out again of which nothing was known. */
const UNKNOWN_WAIT_MS = 1_000;
/** Before a job is handed out again that another worker has: about a run, between these. */
const YIELD_WAIT_MS = { least: 250, unknown: 1_000, most: 5_000 };

/** How the outcome of a run is written. */
export interface Finishing<K extends Kind, Result extends RunResult> {
  readonly options: WorkerOptions;
  readonly publisher: Publisher;
  readonly craft: Pick<Craft<K, Result>, 'complete'>;
  /** Told when what the engine made turns out to be rubbish: a fault of the engine that no run of it shows. */
  readonly onRubbish: () => void;
}

/**
 * Makes the outcome of a run durable, then and only then settles its deliveries. Whatever fails before, the
 * job is delivered again: acknowledged is never more than what the ledger holds.
 */
export async function finishRun<K extends Kind, Result extends RunResult>(
  finishing: Finishing<K, Result>,
  claimed: Run<K>,
  result: Result | Failure,
): Promise<void> {
  const { options, publisher } = finishing;
  const { id: jobId, settings } = claimed.request;
  const fields = { jobId, attempt: claimed.attempt, model: settings.model };
  try {
    // what was made is stored while the claim is on its way to the ledger; until that is there nobody is told of it
    const made = outcomeOf(finishing, claimed, result);
    const confirmation = await claimed.confirmed;
    const outcome = await made;
    if (confirmation.do !== 'run') return await settleRefused(options, publisher, claimed, confirmation);
    const run = { ...claimed, attempt: confirmation.attempt };
    if (stopReason(run) === 'draining' && !result.ok) {
      await releaseClaim(options, publisher, run, UNPUBLISHED_WAIT_MS);
      await nack(run, 0);
      options.log.info(fields, 'handed back unfinished');
      return;
    }
    await publishOutcome(options, publisher, run, outcome);
    await ack(run);
  } catch (err) {
    options.log.error({ ...fields, err }, 'outcome could not be written; the job will be delivered again');
    await nack(claimed, UNPUBLISHED_WAIT_MS).catch(() => undefined);
  }
}

/**
 * Settles a job that is not to be run here: dropped, buried, or handed back while nothing is known. Never
 * rejects; what could not be published is delivered again.
 */
export async function settleRefused(
  options: WorkerOptions,
  publisher: Publisher,
  waiting: Waiting,
  refused: Refused,
): Promise<void> {
  const { log } = options;
  const fields = { jobId: waiting.request.id, attempt: waiting.request.attempt };
  try {
    if (refused.do === 'wait') {
      log.warn(fields, `handed back: ${refused.reason}`);
      await nack(waiting, UNKNOWN_WAIT_MS);
      return;
    }
    if (refused.do === 'yield') {
      await yieldJob(options, publisher, waiting, refused);
      return;
    }
    if (refused.do === 'bury') await publisher.publish(refused.event, { patienceMs: PUBLISH_PATIENCE_MS });
    log.info(fields, refused.do === 'drop' ? `not run: ${refused.reason}` : `not run: ${endOf(refused)}`);
    await ack(waiting);
  } catch (err) {
    log.error({ ...fields, err }, 'could not settle the job; it will be delivered again');
    await nack(waiting, UNPUBLISHED_WAIT_MS).catch(() => undefined);
  }
}

/** Another worker is before: the bus keeps the job until that one has ended it, or is given up. */
async function yieldJob(
  options: WorkerOptions,
  publisher: Publisher,
  waiting: Waiting,
  { untilMs, lost }: Extract<Refused, { do: 'yield' }>,
): Promise<void> {
  const { request } = waiting;
  options.log.debug({ jobId: request.id, attempt: request.attempt }, 'left to another worker');
  // were the first one released, it would count after all
  if (lost) await releaseClaim(options, publisher, { request, ...lost }, UNPUBLISHED_WAIT_MS);
  const leftMs = Math.max(0, untilMs - options.now());
  const runMs = options.view.meanRunMs(request.settings.model) ?? YIELD_WAIT_MS.unknown;
  const waitMs = Math.min(YIELD_WAIT_MS.most, Math.max(YIELD_WAIT_MS.least, runMs));
  await nack(waiting, lost ? leftMs : Math.min(waitMs, leftMs));
}

function endOf({ event }: Extract<Refused, { do: 'bury' }>): string {
  return event.type === 'dead' ? `dead letter, ${event.error.code}` : event.reason;
}

async function publishOutcome(
  options: WorkerOptions,
  publisher: Publisher,
  run: Run,
  outcome: CompletedEvent | GenfleetError,
): Promise<void> {
  const { log, metrics } = options;
  const fields = { jobId: run.request.id, attempt: run.attempt, model: run.request.settings.model };
  if (stopReason(run) === 'cancelled') {
    // the cancellation stands in the ledger already
    metrics.attempts.inc({ outcome: 'cancelled' });
    log.debug(fields, 'stopped: cancelled');
    return;
  }
  if (outcome instanceof GenfleetError) {
    await publishFailure(options, publisher, run, outcome);
    return;
  }
  const fleeting = isFleeting(run.request);
  const completed = { ...outcome, attempt: run.attempt };
  await publisher.publish(completed, {
    patienceMs: PUBLISH_PATIENCE_MS,
    fleeting,
    // its client has the text by now
    unhurried: fleeting,
    acks: run.deliveries,
  });
  metrics.attempts.inc({ outcome: 'completed' });
  // there are too many keystrokes for a line each
  if (isInteractive(run.request)) log.debug(fields, 'completed');
  else log.info(fields, 'completed');
}

const OUTCOME = { requested: 'retried', dead: 'dead', cancelled: 'cancelled' } as const;
const SAID = { requested: 'will be tried again', dead: 'dead letter', cancelled: 'given up' } as const;

async function publishFailure(
  options: WorkerOptions,
  publisher: Publisher,
  run: Run,
  error: GenfleetError,
): Promise<void> {
  const { log, metrics, backoffMs, now, worker } = options;
  const failed = { attempt: run.attempt, worker, error, nowMs: now(), backoffMs };
  const event = decideFailure(options.view.job(run.request.id), run.request, failed);
  const deliverAtMs = event.type === 'requested' ? Date.parse(event.not_before ?? '') : undefined;
  await publisher.publish(event, {
    patienceMs: PUBLISH_PATIENCE_MS,
    ...(deliverAtMs === undefined ? {} : { deliverAtMs }),
  });
  metrics.attempts.inc({ outcome: OUTCOME[event.type] });
  const fields = { jobId: run.request.id, attempt: run.attempt, model: run.request.settings.model };
  log.warn({ ...fields, err: error }, SAID[event.type]);
}

/** The completion with everything stored, or why there is none. Never rejects. */
async function outcomeOf<K extends Kind, Result extends RunResult>(
  { options, craft, onRubbish }: Finishing<K, Result>,
  run: Run<K>,
  result: Result | Failure,
): Promise<CompletedEvent<K> | GenfleetError> {
  const stopped = stoppedError(options, run);
  if (stopped) return stopped;
  if (!result.ok) return result.error;
  try {
    return await craft.complete(run, result as Success<Result>);
  } catch (thrown) {
    const error = GenfleetError.from(thrown, 'internal');
    if (error.code === 'engine_failed') onRubbish();
    return error;
  }
}

function stoppedError(options: WorkerOptions, run: Run): GenfleetError | undefined {
  switch (stopReason(run)) {
    case 'deadline':
      return new GenfleetError('deadline_exceeded', `Not completed by its deadline, ${run.request.deadline}`);
    case 'hung':
      return new GenfleetError('engine_timeout', `no progress for ${options.engineIdleTimeoutMs} ms`);
    case 'cancelled':
    case 'superseded':
      return new GenfleetError('cancelled', 'the run was stopped');
    default:
      return undefined;
  }
}

async function ack(waiting: Waiting): Promise<void> {
  await settleEach(waiting, (delivery) => delivery.ack());
}

/** Hands the job back to the bus, for whichever worker. */
export async function nack(waiting: Waiting, delayMs: number): Promise<void> {
  await settleEach(waiting, (delivery) => delivery.nack(delayMs));
}

/**
 * Those that come while others are being settled are settled as well, also when one of them can't be: nobody else would.
 * @throws what the first of them threw.
 */
async function settleEach(waiting: Waiting, settle: (delivery: Delivery) => Promise<void>): Promise<void> {
  const { deliveries } = waiting;
  const results: PromiseSettledResult<void>[] = [];
  while (results.length < deliveries.length) {
    results.push(...(await Promise.allSettled(deliveries.slice(results.length).map(settle))));
  }
  waiting.forget();
  for (const result of results) if (result.status === 'rejected') throw result.reason;
}
