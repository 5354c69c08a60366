import { isUuid, type JobState, jobIdTimeMs } from '@genfleet/job';
import type { Api } from '../api.ts';
import { IMAGE_NOT_FOUND, invalid, type Problem, unavailable } from '../http/problem.ts';

/** A job whose request is known. */
export type KnownJob = JobState & { readonly request: NonNullable<JobState['request']> };

export type Found =
  | { readonly ok: true; readonly job: KnownJob }
  | { readonly ok: false; readonly problem: Problem };

/** An id younger than this may be one that another replica admitted and this one has not read yet. */
const RECENT_MS = 60_000;

/**
 * Reads a job so that whoever was given its id finds it, on whichever replica: an unknown id that was made just
 * now waits for the view to catch up. A view that can't say yet answers 503 and never a wrong 404.
 */
export async function findJob(api: Api, idText: string): Promise<Found> {
  const id = idText.toLowerCase();
  if (!isUuid(id)) return { ok: false, problem: invalid([{ path: 'id', message: 'not a UUID' }]) };
  const { view } = api.options;
  const known = knownJob(api, view.job(id));
  if (known) return { ok: true, job: known };
  if (!view.ready || mayBeOnItsWay(api, id)) {
    const caughtUp = await view.caughtUp(api.catchUpMs);
    const job = knownJob(api, view.job(id));
    if (job) return { ok: true, job };
    if (!caughtUp) return { ok: false, problem: unavailable('The view has not caught up with the bus', 1) };
  }
  return { ok: false, problem: IMAGE_NOT_FOUND };
}

function mayBeOnItsWay(api: Api, id: string): boolean {
  const { clock, view } = api.options;
  if (view.job(id)) return true;
  const madeMs = jobIdTimeMs(id);
  return madeMs !== undefined && Math.abs(clock() - madeMs) < RECENT_MS;
}

function knownJob(api: Api, state: JobState | undefined): KnownJob | undefined {
  return state?.request?.tenant === api.tenant ? (state as KnownJob) : undefined;
}
