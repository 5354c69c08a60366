import { decideRedrive, type JobState } from '@genfleet/job';
import type { Request, Response } from 'express';
import type { Api } from '../api.ts';
import { callerOf } from '../http/access.ts';
import { invalid } from '../http/problem.ts';
import { kindQuerySchema, parseQuery } from '../http/query.ts';
import { sendJson, sendProblem } from '../http/respond.ts';
import { seekerOf } from '../jobs/asker.ts';
import { findAnyJob } from '../jobs/find-job.ts';
import type { Published } from '../jobs/publisher.ts';
import { receiptHeaders, receiptOf } from '../jobs/receipt.ts';

/** Dead letters that one call puts back in line at most; the answer says how many are left. */
const MAX_REDRIVEN = 1_000;
const AT_ONCE = 100;

/** `POST /dead-letters/{id}/redrive` */
export async function redriveOne(api: Api, req: Request, res: Response): Promise<void> {
  const found = await findAnyJob(api, String(req.params['id']), seekerOf(api, req, res));
  if (!found.ok) return sendProblem(req, res, found.problem);
  const event = decideRedrive(found.job);
  if ('refused' in event) return sendProblem(req, res, { status: 409, detail: event.refused });
  const published = await api.publisher.publish(event);
  api.options.log.info({ jobId: event.id, tenant: event.tenant }, 'redriven');
  await settle(api, published);
  const { id, redrive } = event;
  const body = { message: 'Request is being processed', id, redrive, receipt: receiptOf(published) };
  sendJson(res, 202, body, receiptHeaders(published));
}

/** `POST /dead-letters/redrive`: all of one kind, newest first, a bounded number in one call. */
export async function redriveAll(api: Api, req: Request, res: Response): Promise<void> {
  const query = parseQuery(kindQuerySchema, req.url);
  if (!query.ok) return sendProblem(req, res, invalid(query.faults));
  const { kind } = query.value;
  const view = api.options.views[kind];
  const filter = { tenant: callerOf(api, req).tenant, status: ['dead'] as const };
  const before = view.count(filter);
  const dead = view.jobs(filter, { limit: MAX_REDRIVEN, offset: 0 });
  const redriven: Published[] = [];
  for (let start = 0; start < dead.length && !api.stopping.aborted; start += AT_ONCE) {
    const sent = await Promise.all(dead.slice(start, start + AT_ONCE).map((state) => redrive(api, state)));
    redriven.push(...sent.filter((published) => published !== undefined));
  }
  const last = redriven.at(-1);
  if (last) await settle(api, last);
  const remaining = Math.max(0, before - redriven.length);
  sendJson(res, 202, { redriven: redriven.length, remaining, receipts: redriven.map(receiptOf) });
}

async function redrive(api: Api, state: JobState): Promise<Published | undefined> {
  const event = decideRedrive(state);
  if ('refused' in event) return undefined;
  const published = await api.publisher.publish(event);
  api.options.log.info({ jobId: event.id, tenant: event.tenant }, 'redriven');
  return published;
}

/** The caller's next read should show it; if the view is slow the job is in line all the same. */
async function settle(api: Api, { kind, topic, messageId }: Published): Promise<void> {
  await api.options.views[kind].applied(topic, messageId, api.catchUpMs);
}
