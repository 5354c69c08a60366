import type { ImageResult, ImageTask } from '@genfleet/engine';
import { GenfleetError } from '@genfleet/job';
import { readJson, refusalOf, unreachable } from './answers.ts';
import { Batch } from './batch.ts';
import { textLines } from './ndjson.ts';
import { lineSchema } from './protocol.ts';
import { send } from './send.ts';
import { Watchdog } from './watchdog.ts';

/** A PNG of 2048×2048 pixels of noise as base64, and half as much again. */
const LINE_LIMIT_BYTES = 24 * 2 ** 20;

export interface GenerateOptions {
  readonly url: URL;
  /** Until the container accepts the request. */
  readonly connectTimeoutMs: number;
  /** Between two steps, and for what follows the last. */
  readonly stepTimeoutMs: number;
  /** For the model to be loaded and the device to be free, all together. */
  readonly waitTimeoutMs: number;
  /** Of each picture at most. */
  readonly previews: number;
  /** Aborted when the engine is closed. */
  readonly closed: AbortSignal;
}

/**
 * One request for all tasks; their signals cancel each by itself, and the last one closes the connection.
 * A request that is refused for its settings is tried again task by task, so that what is wrong with one job fails
 * that job and not its company.
 */
export async function generate(
  options: GenerateOptions,
  tasks: readonly ImageTask[],
): Promise<ImageResult[]> {
  const batch = new Batch(tasks);
  const refusal = await run(options, batch, tasks);
  if (refusal?.code === 'invalid_settings' && tasks.length > 1) {
    const results: ImageResult[] = [];
    for (const task of tasks) results.push(...(await generate(options, [task])));
    return results;
  }
  if (refusal) batch.failOpen(refusal);
  return batch.results();
}

/** Feeds the batch; resolves with what keeps its open tasks from being made. */
async function run(
  options: GenerateOptions,
  batch: Batch,
  tasks: readonly ImageTask[],
): Promise<GenfleetError | undefined> {
  const nobody = new AbortController();
  const stopWatching = tasks.map((task) => onAbort(task.signal, () => cancel(options, batch, task, nobody)));
  const watchdog = new Watchdog();
  const signal = AbortSignal.any([nobody.signal, watchdog.signal, options.closed]);
  try {
    if (batch.settled) return undefined;
    watchdog.expect('answer', options.connectTimeoutMs);
    return await request(options, batch, watchdog, signal);
  } catch (thrown) {
    if (signal.aborted) return GenfleetError.from(signal.reason, 'cancelled');
    return GenfleetError.from(thrown, 'engine_failed');
  } finally {
    watchdog.stop();
    for (const stop of stopWatching) stop();
    // whatever is still open on this connection is of no use to anybody
    nobody.abort(new GenfleetError('closed', 'request is over'));
  }
}

async function request(
  options: GenerateOptions,
  batch: Batch,
  watchdog: Watchdog,
  signal: AbortSignal,
): Promise<GenfleetError | undefined> {
  const url = new URL('generate', options.url);
  const body = requestBody(batch.openTasks, options.previews);
  const traceparent = batch.openTasks[0]?.traceparent;
  const headers = { 'content-type': 'application/json', ...(traceparent ? { traceparent } : {}) };
  const answer = await send(url, { method: 'POST', headers, body, signal }).catch((thrown: unknown) => {
    throw signal.aborted ? thrown : unreachable(thrown, options.url);
  });
  if (answer.statusCode !== 200) return refusalOf(answer);
  await readLines(options, batch, watchdog, answer);
  return undefined;
}

async function readLines(
  options: GenerateOptions,
  batch: Batch,
  watchdog: Watchdog,
  body: AsyncIterable<Uint8Array>,
): Promise<void> {
  const { stepTimeoutMs, waitTimeoutMs } = options;
  let waits = 0;
  watchdog.expect('step', waitTimeoutMs);
  try {
    for await (const text of textLines(body, LINE_LIMIT_BYTES)) {
      const line = readJson(text, lineSchema);
      batch.take(line);
      // the first comes at once; who still waits at the second is waiting for something slow
      if (line.type === 'waiting') waits += 1;
      else watchdog.expect('step', stepTimeoutMs);
      if (line.type === 'waiting' && waits > 1) batch.beat();
      if (batch.settled) return;
    }
  } catch (thrown) {
    if (thrown instanceof GenfleetError) throw thrown;
    throw new GenfleetError('engine_failed', 'engine broke off its answer', { cause: thrown });
  }
  throw new GenfleetError('engine_failed', 'engine broke off its answer');
}

function requestBody(tasks: readonly ImageTask[], previews: number): string {
  const settings = tasks[0]?.settings;
  if (!settings) throw new GenfleetError('internal', 'no task to run');
  const { model, sampler_name, steps, cfg_scale, width, height } = settings;
  return JSON.stringify({
    model,
    sampler_name,
    steps,
    cfg_scale,
    width,
    height,
    // none after the last step: the picture itself follows
    preview_every: previews === 0 ? 0 : Math.ceil(steps / (previews + 1)),
    tasks: tasks.map(({ id, settings: { prompt, negative_prompt }, seeds, traceparent }) => ({
      id,
      prompt,
      negative_prompt,
      seeds,
      ...(traceparent ? { traceparent } : {}),
    })),
  });
}

function onAbort(signal: AbortSignal, listener: () => void): () => void {
  if (signal.aborted) listener();
  else signal.addEventListener('abort', listener, { once: true });
  return () => signal.removeEventListener('abort', listener);
}

/** Ends one task here at once; the container hears of it by a call of its own, or by the connection's end. */
function cancel(options: GenerateOptions, batch: Batch, task: ImageTask, nobody: AbortController): void {
  batch.fail(task.id, new GenfleetError('cancelled', 'generation was cancelled'));
  if (batch.settled) {
    nobody.abort(new GenfleetError('cancelled', 'generation was cancelled'));
    return;
  }
  const url = new URL(`generate/${encodeURIComponent(task.id)}`, options.url);
  const signal = AbortSignal.timeout(options.connectTimeoutMs);
  // a call that fails costs the container a place in its batch and nobody else anything
  send(url, { method: 'DELETE', signal }).then(
    (answer) => answer.destroy(),
    () => undefined,
  );
}
