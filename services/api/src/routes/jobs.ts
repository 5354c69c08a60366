import { type JobEvent, type JobStatus, KINDS, type Kind, statusOf, withoutText } from '@genfleet/job';
import type { PastJob } from '@genfleet/ledger';
import type { Request, Response } from 'express';
import { z } from 'zod';
import type { Api } from '../api.ts';
import { callerOf } from '../http/access.ts';
import { cursorAfter } from '../http/cursor.ts';
import { isOperator, tenantAsked } from '../http/operators.ts';
import { invalid, type Problem } from '../http/problem.ts';
import { filterOf, filterShape, inOrder, listOf, parseQuery, rangeShape } from '../http/query.ts';
import { sendJson, sendProblem } from '../http/respond.ts';
import { askerOf } from '../jobs/asker.ts';
import { findAnyJob } from '../jobs/find-job.ts';
import { listJobs } from '../jobs/list-jobs.ts';
import type { Asker, Past } from '../jobs/past-reads.ts';
import { renderJobRow } from '../render-job-row.ts';

const JOB_NOT_FOUND: Problem = { status: 404, detail: 'Job not found' };

export const jobsQuerySchema = z
  .strictObject({ kind: listOf(KINDS).default([...KINDS]), ...filterShape, ...rangeShape })
  .refine(inOrder.check, inOrder.says);

/** `GET /jobs`: jobs of every kind, newest first; an operator sees those of all tenants. */
export async function listAllJobs(api: Api, req: Request, res: Response): Promise<void> {
  const query = parseQuery(jobsQuerySchema, req.url);
  if (!query.ok) return sendProblem(req, res, invalid(query.faults));
  const { kind, limit, cursor, tenant } = query.value;
  const asked = tenantAsked(api, req, tenant);
  if (!asked.ok) return sendProblem(req, res, asked.problem);
  const ofAll = tenant === undefined && isOperator(api, req);
  const filter = filterOf(ofAll ? undefined : asked.tenant, query.value);
  const page = { limit, offset: 0, before: cursor };
  const listed = await listJobs(api, [...new Set(kind)], filter, page, askerOf(api, req, res));
  if (!listed.ok) return sendProblem(req, res, listed.problem);
  const last = listed.hasMore ? listed.jobs.at(-1)?.state.id : undefined;
  sendJson(res, 200, {
    jobs: listed.jobs.map(({ kind: of, tenant: whose, state }) => renderJobRow(of, whose, state)),
    next: last === undefined ? null : cursorAfter(last),
  });
}

/** `GET /jobs/{id}/history`: every event of a job, from the ledger. */
export async function getJobHistory(api: Api, req: Request, res: Response): Promise<void> {
  if (!api.past) return sendProblem(req, res, { status: 404, detail: 'This service has no ledger to ask' });
  const id = String(req.params['id']).toLowerCase();
  const { tenant } = callerOf(api, req);
  const kinds = await kindsOf(api, id, tenant);
  if (!kinds.ok) return sendProblem(req, res, kinds.problem);
  const read = await readFirst(api, kinds.value, id, askerOf(api, req, res)());
  if (!read.ok) return sendProblem(req, res, read.problem);
  const found = read.value;
  if (!found || (found.job.tenant !== tenant && !isOperator(api, req))) {
    return sendProblem(req, res, JOB_NOT_FOUND);
  }
  sendJson(res, 200, historyOf(id, found.kind, found.job));
}

/** What kinds the job may be of: the ledger is not asked about one that the views would know. */
async function kindsOf(api: Api, id: string, tenant: string): Promise<Past<readonly Kind[]>> {
  const { views } = api.options;
  const inView = () => KINDS.filter((kind) => views[kind].job(id));
  const beyond = KINDS.filter((kind) => api.past?.isBeyondView(kind, id));
  const kinds = inView().length > 0 ? inView() : beyond;
  if (kinds.length > 0) return { ok: true, value: kinds };
  // one that was made just now is waited for
  const found = await findAnyJob(api, id, { tenant });
  if (found.ok || inView().length > 0) return { ok: true, value: inView() };
  const { problem } = found;
  return { ok: false, problem: problem.status === 404 ? JOB_NOT_FOUND : problem };
}

async function readFirst(
  api: Api,
  kinds: readonly Kind[],
  id: string,
  asker: Asker,
): Promise<Past<{ kind: Kind; job: PastJob } | undefined>> {
  for (const kind of kinds) {
    const read = await api.past?.job(kind, id, asker);
    if (!read?.ok) return read ?? { ok: true, value: undefined };
    if (read.value) return { ok: true, value: { kind, job: read.value } };
  }
  return { ok: true, value: undefined };
}

function historyOf(id: string, kind: Kind, { state, events }: PastJob) {
  const status: JobStatus = statusOf(state);
  return {
    id,
    kind,
    status,
    events: events.map(({ event, order, topic }) => ({
      type: event.type,
      time: new Date(order.timeMs).toISOString(),
      topic,
      message_id: order.messageId,
      attempt: 'attempt' in event ? event.attempt : null,
      worker: 'worker' in event ? event.worker : null,
      event: shown(event),
    })),
  };
}

/** What a client wrote for a completion is shown where it said that it may be kept. */
function shown(event: JobEvent): JobEvent {
  if (event.kind !== 'completion' || !('settings' in event) || event.store) return event;
  return { ...event, settings: withoutText(event.settings) };
}
