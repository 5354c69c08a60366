import { createHash } from 'node:crypto';
import type { ImageResult } from '@genfleet/engine';
import {
  type ArtifactRef,
  type CompletedEvent,
  decideFailure,
  EVENT_VERSION,
  GenfleetError,
  imageSeeds,
} from '@genfleet/job';
import { type Refused, releaseClaim } from './claim.ts';
import { type EncodedImage, encodeImage } from './encode-image.ts';
import type { WorkerOptions } from './options.ts';
import type { Publisher } from './publish.ts';
import { retry } from './retry.ts';
import { type Run, stopReason, type Waiting } from './run.ts';

const PUBLISH_PATIENCE_MS = 60_000;
const STORE_PATIENCE_MS = 10_000;
/** Before the bus hands a job out again whose outcome could not be written. */
const UNPUBLISHED_WAIT_MS = 5_000;
/** Before a job is handed out again of which nothing was known. */
const UNKNOWN_WAIT_MS = 1_000;

/**
 * Makes the outcome of a run durable, then and only then settles its deliveries. Whatever fails before, the
 * job is delivered again: acknowledged is never more than what the ledger holds.
 */
export async function finishRun(
  options: WorkerOptions,
  publisher: Publisher,
  claimed: Run,
  result: ImageResult,
): Promise<void> {
  const log = options.log.with({
    jobId: claimed.request.id,
    attempt: claimed.attempt,
    model: claimed.request.settings.model,
  });
  try {
    const confirmation = await claimed.confirmed;
    if (confirmation.do !== 'run') return await settleRefused(options, publisher, claimed, confirmation);
    const run = { ...claimed, attempt: confirmation.attempt };
    if (stopReason(run) === 'draining' && !result.ok) {
      await releaseClaim(options, publisher, run, UNPUBLISHED_WAIT_MS);
      await nack(run, 0);
      log.info({}, 'handed back unfinished');
      return;
    }
    await publishOutcome(options, publisher, run, result);
    await ack(run);
  } catch (err) {
    log.error({ err }, 'outcome could not be written; the job will be delivered again');
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
    if (refused.do === 'bury') await publisher.publish(refused.event, { patienceMs: PUBLISH_PATIENCE_MS });
    log.info(
      fields,
      refused.do === 'drop' ? `not run: ${refused.reason}` : `dead letter: ${refused.event.error.code}`,
    );
    await ack(waiting);
  } catch (err) {
    log.error({ ...fields, err }, 'could not settle the job; it will be delivered again');
    await nack(waiting, UNPUBLISHED_WAIT_MS).catch(() => undefined);
  }
}

async function publishOutcome(
  options: WorkerOptions,
  publisher: Publisher,
  run: Run,
  result: ImageResult,
): Promise<void> {
  const { log, metrics } = options;
  const fields = { jobId: run.request.id, attempt: run.attempt, model: run.request.settings.model };
  if (stopReason(run) === 'cancelled') {
    // the cancellation stands in the ledger already
    metrics.attempts.inc({ outcome: 'cancelled' });
    log.info(fields, 'stopped: cancelled');
    return;
  }
  const outcome = await outcomeOf(options, run, result);
  if (outcome instanceof GenfleetError) {
    const failed = {
      attempt: run.attempt,
      worker: options.worker,
      error: outcome,
      nowMs: options.now(),
      backoffMs: options.backoffMs,
    };
    const event = decideFailure(options.view.job(run.request.id), run.request, failed);
    const deliverAtMs = event.type === 'requested' ? Date.parse(event.not_before ?? '') : undefined;
    await publisher.publish(event, {
      patienceMs: PUBLISH_PATIENCE_MS,
      ...(deliverAtMs === undefined ? {} : { deliverAtMs }),
    });
    metrics.attempts.inc({ outcome: event.type === 'dead' ? 'dead' : 'retried' });
    log.warn({ ...fields, err: outcome }, event.type === 'dead' ? 'dead letter' : 'will be tried again');
    return;
  }
  await publisher.publish(outcome, { patienceMs: PUBLISH_PATIENCE_MS });
  metrics.attempts.inc({ outcome: 'completed' });
  log.info(fields, 'completed');
}

/** The completion with everything stored, or why there is none. */
async function outcomeOf(
  options: WorkerOptions,
  run: Run,
  result: ImageResult,
): Promise<CompletedEvent | GenfleetError> {
  const stopped = stoppedError(options, run);
  if (stopped) return stopped;
  if (!result.ok) return result.error;
  const { request } = run;
  const seeds = imageSeeds(request.settings);
  if (result.images.length !== seeds.length) {
    return new GenfleetError(
      'engine_failed',
      `engine made ${result.images.length} of ${seeds.length} images`,
    );
  }
  const storeStartMs = performance.now();
  try {
    const artifacts: ArtifactRef[] = [];
    for (const [index, image] of result.images.entries()) {
      const seed = seeds[index] ?? request.settings.seed;
      const encoded = await encodeImage(image, request.settings, seed);
      artifacts.push(
        await store(options, artifactKey(request.id, index, seeds.length, encoded), encoded, seed),
      );
    }
    return {
      type: 'completed',
      version: EVENT_VERSION,
      id: request.id,
      kind: request.kind,
      tenant: request.tenant,
      redrive: request.redrive,
      attempt: run.attempt,
      worker: options.worker,
      model: result.model,
      artifacts,
      timings: {
        queued_ms: Math.max(0, run.startedMs - Date.parse(request.request_time)),
        model_load_ms: result.modelLoadMs,
        generate_ms: result.generateMs,
        store_ms: performance.now() - storeStartMs,
      },
      complete_time: new Date(options.now()).toISOString(),
    };
  } catch (error) {
    return GenfleetError.from(error, 'internal');
  }
}

function stoppedError(options: WorkerOptions, run: Run): GenfleetError | undefined {
  switch (stopReason(run)) {
    case 'deadline':
      return new GenfleetError('deadline_exceeded', `Not completed by its deadline, ${run.request.deadline}`);
    case 'hung':
      return new GenfleetError('engine_timeout', `no progress for ${options.engineIdleTimeoutMs} ms`);
    default:
      return undefined;
  }
}

async function store(
  options: WorkerOptions,
  key: string,
  image: EncodedImage,
  seed: number,
): Promise<ArtifactRef> {
  const { bytes, contentType, width, height } = image;
  await retry(() => options.artifacts.put(key, bytes, contentType), { patienceMs: STORE_PATIENCE_MS });
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return { key, content_type: contentType, size_bytes: bytes.byteLength, sha256, width, height, seed };
}

/** `<id>.jpg`, or `<id>_<n>.jpg` from 0 when there are several: depends on the job alone. */
function artifactKey(id: string, index: number, count: number, image: EncodedImage): string {
  return count === 1 ? `${id}.${image.extension}` : `${id}_${index}.${image.extension}`;
}

async function ack(waiting: Waiting): Promise<void> {
  await Promise.all(waiting.deliveries.map((delivery) => delivery.ack()));
}

async function nack(waiting: Waiting, delayMs: number): Promise<void> {
  await Promise.all(waiting.deliveries.map((delivery) => delivery.nack(delayMs)));
}
