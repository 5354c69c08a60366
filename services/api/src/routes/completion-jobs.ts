import { decideCancel } from '@genfleet/job';
import type { Request, Response } from 'express';
import { z } from 'zod';
import { type Api, baseUrlOf, renderContext } from '../api.ts';
import { renderCompletion } from '../completions/render-completion.ts';
import { readJson } from '../http/body.ts';
import { faultsOf } from '../http/faults.ts';
import { invalid } from '../http/problem.ts';
import { sendJson, sendProblem } from '../http/respond.ts';
import { findJob } from '../jobs/find-job.ts';
import { receiptHeaders } from '../jobs/receipt.ts';

/** Body of `POST /v1/completions/{id}/feedback`. */
export const feedbackSchema = z
  .strictObject({
    accepted: z.boolean().meta({ description: 'Whether the person took the suggestion' }),
  })
  .meta({ id: 'CompletionFeedback' });

/** `GET /v1/completions/{id}` */
export async function getCompletion(api: Api, req: Request, res: Response): Promise<void> {
  const found = await findJob(api, 'completion', String(req.params['id']));
  if (!found.ok) return sendProblem(req, res, found.problem);
  sendJson(res, 200, await renderCompletion(found.job, renderContext(api, baseUrlOf(api, req))));
}

/** `DELETE /v1/completions/{id}`: 200 with the cancelled job, 409 when it had ended. */
export async function cancelCompletion(api: Api, req: Request, res: Response): Promise<void> {
  const found = await findJob(api, 'completion', String(req.params['id']));
  if (!found.ok) return sendProblem(req, res, found.problem);
  const { views, clock } = api.options;
  const event = decideCancel(found.job, clock(), 'Cancelled by the client');
  if ('refused' in event) return sendProblem(req, res, { status: 409, detail: event.refused });
  const published = await api.publisher.publish(event);
  const { topic, messageId } = published;
  await views.completion.applied(topic, messageId, api.catchUpMs);
  const now = views.completion.job(event.id) ?? found.job;
  const body = await renderCompletion(now, renderContext(api, baseUrlOf(api, req)));
  sendJson(res, 200, body, receiptHeaders(published));
}

/** `POST /v1/completions/{id}/feedback`: whether the suggestion was taken. Counted once for each completion. */
export async function giveFeedback(api: Api, req: Request, res: Response): Promise<void> {
  const body = await readJson(req, api.options.config.MAX_BODY_BYTES);
  if (!body.ok) {
    if (body.problem) sendProblem(req, res, body.problem);
    return;
  }
  const parsed = feedbackSchema.safeParse(body.value);
  if (!parsed.success) return sendProblem(req, res, invalid(faultsOf(parsed.error)));
  const found = await findJob(api, 'completion', String(req.params['id']));
  if (!found.ok) return sendProblem(req, res, found.problem);
  const { id, request } = found.job;
  api.feedback.give(id, api.catalogue.resolve(request.settings.model), parsed.data.accepted);
  res.writeHead(204).end();
}
