import { type CompletedEvent, EVENT_VERSION, type Timings } from '@genfleet/job';
import type { WorkerOptions } from './options.ts';
import type { Run } from './run.ts';

/** The clock gives more digits than it measures, and people read them. */
const toMicroseconds = (ms: number) => Math.round(ms * 1_000) / 1_000;

/** What a completion says of its run, whatever the kind. Times in ms. */
export function completedHead(
  { worker, now }: Pick<WorkerOptions, 'worker' | 'now'>,
  { request, attempt, startedMs }: Run,
  made: Omit<Timings, 'queued_ms'> & { readonly model: string },
): Omit<CompletedEvent<'txt2img'>, 'kind' | 'artifacts'> {
  const { model, model_load_ms, generate_ms, store_ms } = made;
  return {
    type: 'completed',
    version: EVENT_VERSION,
    id: request.id,
    tenant: request.tenant,
    redrive: request.redrive,
    attempt,
    worker,
    model,
    timings: {
      queued_ms: Math.max(0, startedMs - Date.parse(request.request_time)),
      model_load_ms: toMicroseconds(model_load_ms),
      generate_ms: toMicroseconds(generate_ms),
      store_ms: toMicroseconds(store_ms),
    },
    complete_time: new Date(now()).toISOString(),
  };
}
