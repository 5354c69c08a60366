import { IN_PLAIN_WORDS } from '@genfleet/job';
import type { Request, Response } from 'express';
import { z } from 'zod';
import { type Api, baseUrlOf, renderContext } from '../api.ts';
import { renderCompletion } from '../completions/render-completion.ts';
import { callerOf } from '../http/access.ts';
import { readJson } from '../http/body.ts';
import { faultsOf } from '../http/faults.ts';
import { invalid } from '../http/problem.ts';
import { sendJson, sendProblem } from '../http/respond.ts';
import { seekerOf } from '../jobs/asker.ts';
import { findJob } from '../jobs/find-job.ts';

/** Body of `POST /v1/completions/{id}/feedback`. */
export const feedbackSchema = z
  .strictObject({
    accepted: z.boolean().meta({ description: 'Whether the person took the suggestion' }),
  })
  .meta({ id: 'CompletionFeedback' });

/** `GET /v1/completions/{id}` */
export async function getCompletion(api: Api, req: Request, res: Response): Promise<void> {
  const found = await findJob(api, 'completion', String(req.params['id']), seekerOf(api, req, res));
  if (!found.ok) return sendProblem(req, res, found.problem);
  sendJson(res, 200, await renderCompletion(found.job, renderContext(api, baseUrlOf(api, req))));
}

/** `POST /v1/completions/{id}/feedback`: whether the suggestion was taken. Counted once for each completion. */
export async function giveFeedback(api: Api, req: Request, res: Response): Promise<void> {
  const body = await readJson(req, api.options.config.MAX_BODY_BYTES);
  if (!body.ok) {
    if (body.problem) sendProblem(req, res, body.problem);
    return;
  }
  const parsed = feedbackSchema.safeParse(body.value, IN_PLAIN_WORDS);
  if (!parsed.success) return sendProblem(req, res, invalid(faultsOf(parsed.error)));
  const found = await findJob(api, 'completion', String(req.params['id']), callerOf(api, req));
  if (!found.ok) return sendProblem(req, res, found.problem);
  const { id, request } = found.job;
  api.feedback.give(id, api.catalogue.resolve(request.settings.model), parsed.data.accepted);
  res.writeHead(204).end();
}
