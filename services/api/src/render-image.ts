import type { Image, Queue } from '@genfleet/client';
import { attemptsUsed, failuresOf, type JobState, statusOf } from '@genfleet/job';

/** What a job's resource needs beside its state. */
export interface RenderContext {
  /** A URL that works for whoever gets the answer. */
  urlOf(key: string): Promise<string>;
  /** The bytes of a stored file. */
  read(key: string): Promise<Uint8Array>;
  /** Place in line of a job that waits, else null. */
  queueOf(state: JobState): Queue | null;
  /** The last step heard of while it runs, else null. */
  stepOf(state: JobState): Image['progress'];
}

/** The resource as `GET /images/{id}` gives it. The state must hold the request. */
export async function renderImage(state: JobState, ctx: RenderContext): Promise<Image> {
  const { request, outcome } = state;
  if (request?.kind !== 'txt2img') throw new TypeError(`request of image ${state.id} is not in the view`);
  const ended = outcome?.type === 'completed' ? outcome.event : undefined;
  const completed = ended?.kind === 'txt2img' ? ended : undefined;
  const urls = completed ? await Promise.all(completed.artifacts.map(({ key }) => ctx.urlOf(key))) : [];
  return {
    id: state.id,
    status: statusOf(state),
    metadata: request.metadata,
    priority: request.priority ?? 'normal',
    request_time: request.request_time,
    complete_time: completed?.complete_time ?? null,
    generation_settings: request.settings,
    image_url: urls[0] ?? null,
    image_urls: urls,
    model: completed?.model ?? state.starts.at(-1)?.model ?? null,
    attempt: completed?.attempt ?? attemptsUsed(state),
    redrive: state.redrive,
    failures: [...failuresOf(state)],
    deadline: request.deadline ?? null,
    queue: ctx.queueOf(state),
    progress: ctx.stepOf(state),
    timings: completed?.timings ?? null,
    error: outcome?.type === 'dead' ? outcome.event.error : null,
    cancelled: outcome?.type === 'cancelled' ? { reason: outcome.reason, time: outcome.time } : null,
  };
}
