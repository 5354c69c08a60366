import type { Kind } from '@genfleet/job';
import type { JobFilter } from '@genfleet/ledger';
import type { Request, Response } from 'express';
import { type Api, baseUrlOf, renderContext } from '../api.ts';
import { callerOf } from '../http/access.ts';
import { tenantAsked } from '../http/operators.ts';
import { invalid } from '../http/problem.ts';
import { deadLetterQuerySchema, filterOf, listQuerySchema, pageHeaders, parseQuery } from '../http/query.ts';
import { sendJson, sendProblem } from '../http/respond.ts';
import { askerOf, seekerOf } from '../jobs/asker.ts';
import { findJob } from '../jobs/find-job.ts';
import { listJobs } from '../jobs/list-jobs.ts';
import { renderImage } from '../render-image.ts';
import { renderJob } from '../render-job.ts';

/** `GET /images/`: the seed's bare array; how many there are in all stands in a header. */
export async function listImages(api: Api, req: Request, res: Response): Promise<void> {
  const query = parseQuery(listQuerySchema, req.url);
  if (!query.ok) return sendProblem(req, res, invalid(query.faults));
  const asked = tenantAsked(api, req, query.value.tenant);
  if (!asked.ok) return sendProblem(req, res, asked.problem);
  await sendPage(api, req, res, 'txt2img', filterOf(asked.tenant, query.value), query.value);
}

/** `GET /dead-letters` */
export async function listDeadLetters(api: Api, req: Request, res: Response): Promise<void> {
  const query = parseQuery(deadLetterQuerySchema, req.url);
  if (!query.ok) return sendProblem(req, res, invalid(query.faults));
  const { kind, ...page } = query.value;
  await sendPage(api, req, res, kind, { tenant: callerOf(api, req).tenant, status: ['dead'] }, page);
}

interface AskedPage {
  readonly limit: number;
  readonly offset?: number | undefined;
  readonly cursor?: string | undefined;
}

async function sendPage(
  api: Api,
  req: Request,
  res: Response,
  kind: Kind,
  filter: JobFilter,
  { limit, offset, cursor }: AskedPage,
): Promise<void> {
  const page = { limit, offset: offset ?? 0, before: cursor };
  const listed = await listJobs(api, [kind], filter, page, askerOf(api, req, res));
  if (!listed.ok) return sendProblem(req, res, listed.problem);
  const ctx = renderContext(api, baseUrlOf(api, req));
  const known = listed.jobs.filter(({ state }) => state.request);
  const jobs = await Promise.all(known.map(({ state }) => renderJob(state, ctx)));
  const lastId = listed.hasMore ? listed.jobs.at(-1)?.state.id : undefined;
  sendJson(res, 200, jobs, {
    'x-total-count': String(api.options.views[kind].count(filter)),
    ...pageHeaders(req.originalUrl, { limit, offset, jobs: listed.jobs.length, lastId }),
  });
}

/** `GET /images/{id}` */
export async function getImage(api: Api, req: Request, res: Response): Promise<void> {
  const found = await findJob(api, 'txt2img', String(req.params['id']), seekerOf(api, req, res));
  if (!found.ok) return sendProblem(req, res, found.problem);
  sendJson(res, 200, await renderImage(found.job, renderContext(api, baseUrlOf(api, req))));
}
