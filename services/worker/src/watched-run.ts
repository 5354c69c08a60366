import { GenfleetError, type Kind } from '@genfleet/job';
import { failSpan, insideSpan, type Span, startSpan } from '@genfleet/telemetry';
import type { Failure, RunResult, Watch } from './craft.ts';
import { type Run, stopRun } from './run.ts';

/** Time for an engine to obey after its runs were told to stop. */
const OBEY_MS = 10_000;

export interface WatchOptions {
  readonly idleTimeoutMs: number;
  readonly now: () => number;
  readonly onShare: (share: number) => void;
}

/**
 * Runs a batch with a watch over it: deadlines, cancellation through each run's signal, and an end to an
 * engine that shows no progress. Resolves within bounded time even if the engine never does.
 */
export async function runWatched<K extends Kind, Result extends RunResult>(
  options: WatchOptions,
  runs: readonly Run<K>[],
  generate: (runs: readonly Run<K>[], watch: Watch) => Promise<readonly (Result | Failure)[]>,
): Promise<readonly (Result | Failure)[]> {
  const { idleTimeoutMs, now, onShare } = options;
  const hung = Promise.withResolvers<readonly Failure[]>();
  const timers: NodeJS.Timeout[] = [];
  const stalled = setTimeout(() => {
    for (const run of runs) stopRun(run, 'hung');
  }, idleTimeoutMs);
  timers.push(stalled);
  const giveUp = () => {
    if (runs.some((run) => !run.abort.signal.aborted)) return;
    timers.push(setTimeout(() => hung.resolve(runs.map(notObeyed)), OBEY_MS));
  };
  for (const run of runs) {
    run.abort.signal.addEventListener('abort', giveUp, { once: true });
    if (run.request.deadline) {
      const leftMs = Math.min(Date.parse(run.request.deadline) - now(), 2 ** 31 - 1);
      timers.push(setTimeout(() => stopRun(run, 'deadline'), leftMs));
    }
  }
  const spans = runs.map((run) =>
    insideSpan(run.span, () => startSpan('engine.generate', { kind: 'client' })),
  );
  const watch: Watch = {
    progressed: (share) => {
      stalled.refresh();
      if (share !== undefined) onShare(share);
    },
    span: (index) => spans[index] ?? (runs[index] ?? runs[0])?.span ?? startSpan('engine.generate'),
  };
  try {
    const results = await Promise.race([answers(runs, generate(runs, watch)), hung.promise]);
    for (const [index, span] of spans.entries()) endSpan(span, results[index]);
    return results;
  } finally {
    timers.forEach(clearTimeout);
    for (const run of runs) run.abort.signal.removeEventListener('abort', giveUp);
  }
}

/** Engines answer with results; one that throws all the same has failed for every run. */
async function answers<Result extends RunResult>(
  runs: readonly Run[],
  generation: Promise<readonly (Result | Failure)[]>,
): Promise<readonly (Result | Failure)[]> {
  try {
    const results = await generation;
    return runs.map((_, index) => results[index] ?? notAnswered());
  } catch (error) {
    return runs.map(() => ({ ok: false, error: GenfleetError.from(error, 'engine_failed') }));
  }
}

function notAnswered(): Failure {
  const message = 'engine answered for fewer tasks than it was given';
  return { ok: false, error: new GenfleetError('engine_failed', message) };
}

function notObeyed(): Failure {
  return {
    ok: false,
    error: new GenfleetError('engine_timeout', `engine did not stop within ${OBEY_MS} ms`),
  };
}

function endSpan(span: Span, result: RunResult | undefined): void {
  if (result && !result.ok) failSpan(span, result.error);
  span.end();
}
