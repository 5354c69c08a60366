import { decideCancel, type Kind, statusOf } from '@genfleet/job';
import type { Request, Response } from 'express';
import { type Api, baseUrlOf, renderContext } from '../api.ts';
import { sendJson, sendProblem } from '../http/respond.ts';
import { seekerOf } from '../jobs/asker.ts';
import { findJob } from '../jobs/find-job.ts';
import { receiptHeaders } from '../jobs/receipt.ts';
import { renderJob } from '../render-job.ts';

/** `DELETE /images/{id}` */
export function cancelImage(api: Api, req: Request, res: Response): Promise<void> {
  return cancelJob(api, req, res, 'txt2img');
}

/** `DELETE /v1/completions/{id}` */
export function cancelCompletion(api: Api, req: Request, res: Response): Promise<void> {
  return cancelJob(api, req, res, 'completion');
}

/**
 * 200 with the cancelled job once the view shows it, 202 when that takes longer, 409 when another end was first.
 */
async function cancelJob(api: Api, req: Request, res: Response, kind: Kind): Promise<void> {
  const found = await findJob(api, kind, String(req.params['id']), seekerOf(api, req, res));
  if (!found.ok) return sendProblem(req, res, found.problem);
  const { views, clock, log } = api.options;
  const view = views[kind];
  const event = decideCancel(found.job, clock(), 'Cancelled by the client');
  if ('refused' in event) return sendProblem(req, res, { status: 409, detail: event.refused });
  const published = await api.publisher.publish(event);
  const headers = receiptHeaders(published);
  log.info({ jobId: event.id, tenant: event.tenant }, 'cancelled by the client');
  await view.applied(published.topic, published.messageId, api.catchUpMs);
  const now = view.job(event.id);
  const status = now ? statusOf(now) : 'unknown';
  if (now?.request && status === 'cancelled') {
    return sendJson(res, 200, await renderJob(now, renderContext(api, baseUrlOf(api, req))), headers);
  }
  if (status === 'completed' || status === 'dead') {
    return sendProblem(req, res, { status: 409, detail: `The job is already ${status}` });
  }
  sendJson(res, 202, { message: 'Cancellation is being processed', id: event.id }, headers);
}
