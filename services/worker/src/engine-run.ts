import type { ImageEngine, ImageResult, ImageTask } from '@genfleet/engine';
import { GenfleetError, imageSeeds } from '@genfleet/job';
import { failSpan, injectContext, insideSpan, type Span, startSpan, stepSpans } from '@genfleet/telemetry';
import type { Publisher } from './publish.ts';
import { type Run, stopRun } from './run.ts';

/** Between two progress messages of a job. */
const PROGRESS_INTERVAL_MS = 100;
/** What a preview may add to a message; larger ones are left out. */
const PREVIEW_BYTES = 100_000;
/** Time for an engine to obey after its runs were told to stop. */
const OBEY_MS = 10_000;

export interface EngineRunOptions {
  readonly engine: ImageEngine;
  readonly publisher: Publisher;
  readonly idleTimeoutMs: number;
  readonly now: () => number;
  /** Called with the share of the work done, 0…1, of the furthest run. */
  readonly onShare: (share: number) => void;
}

/**
 * Runs a batch with a watch over it: deadlines, cancellation through each run's signal, and an end to an
 * engine that shows no progress. Resolves within bounded time even if the engine never does.
 */
export async function runBatch(
  options: EngineRunOptions,
  runs: readonly Run[],
): Promise<readonly ImageResult[]> {
  let stalled: NodeJS.Timeout | undefined;
  const hung = Promise.withResolvers<readonly ImageResult[]>();
  const timers: NodeJS.Timeout[] = [];
  const watch = () => {
    clearTimeout(stalled);
    stalled = setTimeout(() => {
      for (const run of runs) stopRun(run, 'hung');
    }, options.idleTimeoutMs);
  };
  const giveUp = () => {
    if (runs.some((run) => !run.abort.signal.aborted)) return;
    timers.push(setTimeout(() => hung.resolve(runs.map(notObeyed)), OBEY_MS));
  };
  for (const run of runs) {
    run.abort.signal.addEventListener('abort', giveUp, { once: true });
    if (run.request.deadline) {
      const leftMs = Math.min(Date.parse(run.request.deadline) - options.now(), 2 ** 31 - 1);
      timers.push(setTimeout(() => stopRun(run, 'deadline'), leftMs));
    }
  }
  watch();
  try {
    const spans = runs.map((run) =>
      insideSpan(run.span, () => startSpan('engine.generate', { kind: 'client' })),
    );
    const tasks = runs.map((run, index) => taskOf(options, run, watch, spans[index] ?? run.span));
    const results = await Promise.race([generate(options.engine, tasks), hung.promise]);
    for (const [index, span] of spans.entries()) endSpan(span, results[index]);
    return results;
  } finally {
    clearTimeout(stalled);
    timers.forEach(clearTimeout);
    for (const run of runs) run.abort.signal.removeEventListener('abort', giveUp);
  }
}

/** Engines answer with results; one that throws all the same has failed for every task. */
async function generate(engine: ImageEngine, tasks: readonly ImageTask[]): Promise<readonly ImageResult[]> {
  try {
    const results = await engine.generateImages(tasks);
    const missing = new GenfleetError('engine_failed', 'engine answered for fewer tasks than it was given');
    return tasks.map((_, index) => results[index] ?? { ok: false, error: missing });
  } catch (error) {
    return tasks.map(() => ({ ok: false, error: GenfleetError.from(error, 'engine_failed') }));
  }
}

function notObeyed(): ImageResult {
  return {
    ok: false,
    error: new GenfleetError('engine_timeout', `engine did not stop within ${OBEY_MS} ms`),
  };
}

function endSpan(span: Span, result: ImageResult | undefined): void {
  if (result && !result.ok) failSpan(span, result.error);
  span.end();
}

function taskOf(options: EngineRunOptions, run: Run, watch: () => void, span: Span): ImageTask {
  const { request, attempt } = run;
  let lastMs = -Infinity;
  const { traceparent } = insideSpan(span, injectContext);
  const drawStep = stepSpans(span, options.now);
  return {
    id: request.id,
    settings: request.settings,
    seeds: imageSeeds(request.settings),
    signal: run.abort.signal,
    ...(traceparent === undefined ? {} : { traceparent }),
    onProgress: ({ step, steps, previewJpeg }) => {
      watch();
      drawStep(step, steps);
      options.onShare(step / steps);
      const nowMs = performance.now();
      // engines bound their previews themselves
      if (step < steps && !previewJpeg && nowMs - lastMs < PROGRESS_INTERVAL_MS) return;
      lastMs = nowMs;
      const { id, redrive, kind } = request;
      const preview =
        previewJpeg && previewJpeg.byteLength <= PREVIEW_BYTES
          ? { preview: `data:image/jpeg;base64,${Buffer.from(previewJpeg).toString('base64')}` }
          : {};
      options.publisher.progress({ type: 'progress', id, redrive, attempt, step, steps, ...preview }, kind);
    },
  };
}
