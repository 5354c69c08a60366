import type { Kind } from '@genfleet/job';
import type { JobFilter, Page } from '@genfleet/ledger';
import type { Request, Response } from 'express';
import { type Api, baseUrlOf, renderContext } from '../api.ts';
import { invalid, unavailable } from '../http/problem.ts';
import { deadLetterQuerySchema, filterOf, listQuerySchema, pageLinks, parseQuery } from '../http/query.ts';
import { sendJson, sendProblem } from '../http/respond.ts';
import { findJob } from '../jobs/find-job.ts';
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
