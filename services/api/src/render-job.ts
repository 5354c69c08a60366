import type { JobState } from '@genfleet/job';
import { renderCompletion } from './completions/render-completion.ts';
import { type RenderContext, renderImage } from './render-image.ts';

/** The resource of a job, whatever its kind. The state must hold the request. */
export function renderJob(state: JobState, ctx: RenderContext): Promise<unknown> {
  return state.request?.kind === 'completion' ? renderCompletion(state, ctx) : renderImage(state, ctx);
}
