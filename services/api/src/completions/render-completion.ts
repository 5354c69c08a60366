import { type JobState, type JobStatus, statusOf, storedCompletionSchema } from '@genfleet/job';
import type { RenderContext } from '../render-image.ts';
import { wholeAnswer } from './answer.ts';

const STATUS: Record<JobStatus, string> = {
  unknown: 'queued',
  queued: 'queued',
  running: 'in_progress',
  retrying: 'queued',
  completed: 'completed',
  dead: 'failed',
  cancelled: 'cancelled',
};

/** The resource as `GET /v1/completions/{id}` gives it; `choices` is empty while there is no text, or none was kept. */
export async function renderCompletion(state: JobState, ctx: RenderContext) {
  const { request, outcome } = state;
  if (request?.kind !== 'completion')
    throw new TypeError(`request of completion ${state.id} is not in the view`);
  const ended = outcome?.type === 'completed' ? outcome.event : undefined;
  const completed = ended?.kind === 'completion' ? ended : undefined;
  const file = completed?.artifacts[0];
  const stored =
    file && storedCompletionSchema.parse(JSON.parse(Buffer.from(await ctx.read(file.key)).toString()));
  const head = {
    id: state.id,
    created: Math.floor(Date.parse(request.request_time) / 1_000),
    model: completed?.model ?? request.settings.model,
  };
  const form = { chat: request.settings.messages !== undefined };
  return {
    ...wholeAnswer(form, head, stored?.choices ?? [], completed?.usage ?? null),
    status: STATUS[statusOf(state)],
    metadata: request.metadata,
    queue: ctx.queueOf(state),
    failures: request.failures,
    timings: completed?.timings ?? null,
    error: outcome?.type === 'dead' ? outcome.event.error : null,
    cancelled: outcome?.type === 'cancelled' ? { reason: outcome.reason, time: outcome.time } : null,
  };
}
