import {
  isUuid,
  type JobState,
  jobIdTimeMs,
  KINDS,
  type Kind,
  type RequestedEvent,
  shownValue,
} from '@genfleet/job';
import type { View } from '@genfleet/ledger';
import type { Api } from '../api.ts';
import { invalid, NOT_FOUND, type Problem, unavailable } from '../http/problem.ts';
import type { Asker } from './past-reads.ts';

/** A job of this kind whose request is known. */
export type KnownJob<K extends Kind> = JobState & { readonly request: RequestedEvent<K> };

export type Found<K extends Kind> =
  | { readonly ok: true; readonly job: KnownJob<K> }
  | { readonly ok: false; readonly problem: Problem };

/** Who looks for a job. */
export interface Seeker {
  /** Jobs of others are not there. */
  readonly tenant: string;
  /** For whom the ledger is asked about a job that is older than the view; without, it is not. */
  readonly asker?: () => Asker;
}

/**
 * An id younger than this may be one that another replica admitted and this one has not read yet. Its time is by the
 * clock of that replica: as far apart as the ledger allows for.
 */
const RECENT_MS = 600_000;

/**
 * Reads a job so that whoever was given its id finds it, on whichever replica: an unknown id that was made just
 * now waits for the view to catch up. A view that can't say yet answers 503 and never a wrong 404. The ledger is
 * asked about a job that is older than the view, and about no other.
 */
export async function findJob<K extends Kind>(
  api: Api,
  kind: K,
  idText: string,
  { tenant, asker }: Seeker,
): Promise<Found<K>> {
  const id = idText.toLowerCase();
  if (!isUuid(id)) {
    return { ok: false, problem: invalid([{ path: 'id', message: `${shownValue(id)} is not a UUID` }]) };
  }
  const view = api.options.views[kind];
  const known = knownJob<K>(view.job(id), tenant);
  if (known) return { ok: true, job: known };
  if (asker && api.past?.isBeyondView(kind, id)) {
    const read = await api.past.job(kind, id, asker());
    if (!read.ok) return read;
    const job = knownJob<K>(read.value?.state, tenant);
    return job ? { ok: true, job } : { ok: false, problem: NOT_FOUND[kind] };
  }
  if (!view.ready || mayBeOnItsWay(api, view, id)) {
    const caughtUp = await view.caughtUp(api.catchUpMs);
    const job = knownJob<K>(view.job(id), tenant);
    if (job) return { ok: true, job };
    if (!caughtUp) return { ok: false, problem: unavailable('The view has not caught up with the bus', 1) };
  }
  return { ok: false, problem: NOT_FOUND[kind] };
}

/** The same for an id of whichever kind. */
export async function findAnyJob(api: Api, id: string, seeker: Seeker): Promise<Found<Kind>> {
  const { views } = api.options;
  const kind = KINDS.find((each) => views[each].job(id.toLowerCase()));
  if (kind) return findJob(api, kind, id, seeker);
  const image = await findJob(api, 'txt2img', id, seeker);
  const isElsewhere = !image.ok && image.problem.status === 404 && seeker.asker;
  return isElsewhere ? findJob(api, 'completion', id, seeker) : image;
}

function mayBeOnItsWay(api: Api, view: View, id: string): boolean {
  const { clock } = api.options;
  if (view.job(id)) return true;
  const madeMs = jobIdTimeMs(id);
  return madeMs !== undefined && Math.abs(clock() - madeMs) < RECENT_MS;
}

function knownJob<K extends Kind>(state: JobState | undefined, tenant: string): KnownJob<K> | undefined {
  return state?.request?.tenant === tenant ? (state as KnownJob<K>) : undefined;
}
