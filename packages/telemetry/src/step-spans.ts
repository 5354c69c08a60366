import type { Span } from '@opentelemetry/api';
import { context, trace } from '@opentelemetry/api';
import { startSpan } from './span.ts';

/** Further steps are counted and not drawn: a trace is read by people. */
const STEPS_DRAWN = 200;

/**
 * Draws an engine's steps as child spans of its run. Call the result at the end of step `step` of `steps`, from
 * 1; each span reaches from the step before it (or the start) to now. Does nothing while tracing is off.
 */
export function stepSpans(run: Span, now: () => number = Date.now): (step: number, steps: number) => void {
  if (!run.isRecording()) return () => undefined;
  const parent = trace.setSpan(context.active(), run);
  let lastMs = now();
  let lastStep = 0;
  return (step, steps) => {
    if (step <= lastStep) return;
    const endMs = now();
    if (step <= STEPS_DRAWN) {
      const attributes = { 'genfleet.step': step, 'genfleet.steps': steps };
      startSpan('engine.step', { parent, attributes, startTimeMs: lastMs }).end(endMs);
    }
    lastMs = endMs;
    lastStep = step;
    run.setAttribute('genfleet.steps_done', step);
  };
}
