import { decideCancel, type Kind, statusOf } from '@genfleet/job';
import type { JobFilter, Page } from '@genfleet/ledger';
import type { Request, Response } from 'express';
import { type Api, baseUrlOf, renderContext } from '../api.ts';
import { invalid, unavailable } from '../http/problem.ts';
import { deadLetterQuerySchema, filterOf, listQuerySchema, pageLinks, parseQuery } from '../http/query.ts';
import { sendJson, sendProblem } from '../http/respond.ts';
import { findJob } from '../jobs/find-job.ts';
import { receiptHeaders } from '../jobs/receipt.ts';
import { renderImage } from '../render-image.ts';
import { renderJob } from '../render-job.ts';

/** A list a moment old is better than one that is late. */
const LIST_WAIT_MS = 250;

/** `GET /images/`: the seed's bare array; how many there are in all stands in a header. */
export async function listImages(api: Api, req: Request, res: Response): Promise<void> {
  const query = parseQuery(listQuerySchema, req.url);
  if (!query.ok) return sendProblem(req, res, invalid(query.faults));
  await sendPage(api, req, res, 'txt2img', filterOf(api.tenant, query.value), query.value);
}

/** `GET /dead-letters` */
export async function listDeadLetters(api: Api, req: Request, res: Response): Promise<void> {
  const query = parseQuery(deadLetterQuerySchema, req.url);
  if (!query.ok) return sendProblem(req, res, invalid(query.faults));
  const { kind, ...page } = query.value;
  await sendPage(api, req, res, kind, { tenant: api.tenant, status: ['dead'] }, page);
}

async function sendPage(
  api: Api,
  req: Request,
  res: Response,
  kind: Kind,
  filter: JobFilter,
  page: Page,
): Promise<void> {
  const view = api.options.views[kind];
  if (!view.ready && !(await view.caughtUp(api.catchUpMs))) {
    return sendProblem(req, res, unavailable('The view is still reading the topics', 1));
  }
  // whoever posted here finds the job in the list
  await api.publisher.folded(view, kind, LIST_WAIT_MS);
  const total = view.count(filter);
  const states = view
    .jobs(filter, { limit: page.limit, offset: page.offset })
    .filter((state) => state.request);
  const ctx = renderContext(api, baseUrlOf(api, req));
  const images = await Promise.all(states.map((state) => renderJob(state, ctx)));
  const link = pageLinks(req.originalUrl, page, total);
  sendJson(res, 200, images, { 'x-total-count': String(total), ...(link === undefined ? {} : { link }) });
}

/** `GET /images/{id}` */
export async function getImage(api: Api, req: Request, res: Response): Promise<void> {
  const found = await findJob(api, 'txt2img', String(req.params['id']));
  if (!found.ok) return sendProblem(req, res, found.problem);
  sendJson(res, 200, await renderImage(found.job, renderContext(api, baseUrlOf(api, req))));
}

/**
 * `DELETE /images/{id}`: 200 with the cancelled job once the view shows it, 202 when that takes longer, 409
 * when another end was first.
 */
export async function cancelImage(api: Api, req: Request, res: Response): Promise<void> {
  const found = await findJob(api, 'txt2img', String(req.params['id']));
  if (!found.ok) return sendProblem(req, res, found.problem);
  const { views, clock } = api.options;
  const view = views.txt2img;
  const event = decideCancel(found.job, clock(), 'Cancelled by the client');
  if ('refused' in event) return sendProblem(req, res, { status: 409, detail: event.refused });
  const published = await api.publisher.publish(event);
  const { topic, messageId } = published;
  const headers = receiptHeaders(published);
  api.options.log.info({ jobId: event.id, tenant: api.tenant }, 'cancelled by the client');
  await view.applied(topic, messageId, api.catchUpMs);
  const now = view.job(event.id);
  const status = now ? statusOf(now) : 'unknown';
  if (now?.request && status === 'cancelled') {
    const image = await renderImage(now, renderContext(api, baseUrlOf(api, req)));
    return sendJson(res, 200, image, headers);
  }
  if (status === 'completed' || status === 'dead') {
    return sendProblem(req, res, { status: 409, detail: `The job is already ${status}` });
  }
  sendJson(res, 202, { message: 'Cancellation is being processed', id: event.id }, headers);
}
