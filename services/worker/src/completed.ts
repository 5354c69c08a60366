import { type CompletedEvent, EVENT_VERSION, type Timings } from '@genfleet/job';
import type { WorkerOptions } from './options.ts';
import type { Run } from './run.ts';

/** What a completion says of its run, whatever the kind. Times in ms. */
export function completedHead(
  { worker, now }: Pick<WorkerOptions, 'worker' | 'now'>,
  { request, attempt, startedMs }: Run,
  made: Omit<Timings, 'queued_ms'> & { readonly model: string },
): Omit<CompletedEvent<'txt2img'>, 'kind' | 'artifacts'> {
  const { model, ...timings } = made;
  return {
    type: 'completed',
    version: EVENT_VERSION,
    id: request.id,
    tenant: request.tenant,
    redrive: request.redrive,
    attempt,
    worker,
    model,
    timings: { queued_ms: Math.max(0, startedMs - Date.parse(request.request_time)), ...timings },
    complete_time: new Date(now()).toISOString(),
  };
}
