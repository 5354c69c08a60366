import type { JobState, Kind } from '@genfleet/job';
import { COUNT_CAP, firstIdAt, type JobFilter, type View } from '@genfleet/ledger';
import type { Api } from '../api.ts';
import { invalid, type Problem, unavailable } from '../http/problem.ts';
import type { Asker, Past } from './past-reads.ts';

/** A list a moment old is better than one that is late. */
const LIST_WAIT_MS = 250;
/**
 * The seam between a view and the ledger is moved on once in this time, so that a list which is asked for again and again
 * is the same question to the ledger.
 */
const SEAM_MS = 60_000;

export interface ListedJob {
  readonly kind: Kind;
  readonly state: JobState;
  readonly tenant: string;
}

export interface ListPage {
  readonly limit: number;
  /** Only with one kind, and not with `before`. */
  readonly offset: number;
  /** Only jobs behind this one. */
  readonly before?: string | undefined;
}

export type JobsListed =
  | { readonly ok: true; readonly jobs: readonly ListedJob[]; readonly hasMore: boolean }
  | { readonly ok: false; readonly problem: Problem };

/** What the view of one kind has of a page, and from where on the ledger has to be asked. */
interface Part {
  readonly kind: Kind;
  readonly filter: JobFilter;
  /** Up to one more than the page has. */
  readonly jobs: readonly ListedJob[];
  /** Ids below this one are the ledger's; undefined where nothing is. */
  readonly seam: string | undefined;
  readonly pastOffset: number;
}

/**
 * A page of the jobs of these kinds, newest first: from the views, and from the ledger what is older than they are. Views
 * end at different times, so the ledger is asked only for kinds whose older jobs belong into the page. One that can't be
 * asked makes the page end where the views do, and is no reason to keep back what they hold.
 */
export async function listJobs(
  api: Api,
  kinds: readonly Kind[],
  filter: JobFilter,
  page: ListPage,
  asker: () => Asker,
): Promise<JobsListed> {
  const parts: Part[] = [];
  for (const kind of kinds) {
    const view = api.options.views[kind];
    if (!view.ready && !(await view.caughtUp(api.catchUpMs))) {
      return { ok: false, problem: unavailable('The view is still reading the topics', 1) };
    }
    // whoever posted here finds the job in the list
    await api.publisher.folded(view, kind, LIST_WAIT_MS);
    const part = partOf(api, kind, filter, page);
    if ('ok' in part) return part;
    parts.push(part);
  }
  const here = newestFirst(parts.flatMap(({ jobs }) => jobs));
  const open = parts.filter(({ seam }) => seam !== undefined);
  const wanted = open.filter(
    ({ seam = '' }) => here.filter(({ state }) => state.id >= seam).length < page.limit,
  );
  const past = await Promise.all(wanted.map((part) => pastOf(api, part, page, asker())));
  const failed = past.find((read) => !read.ok);
  if (failed && !failed.ok) {
    // behind the newest seam that could not be crossed something may be missing
    const seam =
      wanted
        .map((part) => part.seam ?? '')
        .sort()
        .at(-1) ?? '';
    const certain = here.filter(({ state }) => state.id >= seam).slice(0, page.limit);
    return certain.length > 0 ? { ok: true, jobs: certain, hasMore: true } : failed;
  }
  const jobs = newestFirst([...here, ...past.flatMap((read) => (read.ok ? read.value : []))]);
  const isLast = jobs.length <= page.limit && wanted.length === open.length;
  return { ok: true, jobs: jobs.slice(0, page.limit), hasMore: !isLast };
}

function newestFirst(jobs: readonly ListedJob[]): ListedJob[] {
  return jobs.toSorted((a, b) => (a.state.id < b.state.id ? 1 : -1));
}

async function pastOf(
  api: Api,
  { kind, filter, seam = '', pastOffset }: Part,
  { limit, before }: ListPage,
  asker: Asker,
): Promise<Past<readonly ListedJob[]>> {
  const from = before !== undefined && before < seam ? before : seam;
  const page = { limit: limit + 1, offset: pastOffset, before: from };
  const read = await api.past?.jobs(kind, filter, page, asker);
  if (!read?.ok) return read ?? { ok: true, value: [] };
  return { ok: true, value: read.value.map(({ state, tenant }) => ({ kind, state, tenant })) };
}

function partOf(
  api: Api,
  kind: Kind,
  filter: JobFilter,
  { limit, offset, before }: ListPage,
): Part | Extract<JobsListed, { ok: false }> {
  const view = api.options.views[kind];
  const seamMs = api.past ? seamOf(view) : 0;
  const isAllHere = seamMs <= (filter.fromMs ?? 0);
  const here = isAllHere ? filter : { ...filter, fromMs: seamMs };
  const states = view.jobs(here, { limit: limit + 1, offset, ...(before === undefined ? {} : { before }) });
  const jobs = states.flatMap((state) =>
    state.request ? [{ kind, state, tenant: state.request.tenant }] : [],
  );
  const seam = isAllHere ? undefined : firstIdAt(seamMs);
  if (seam === undefined || states.length > 0 || offset === 0)
    return { kind, filter, jobs, seam, pastOffset: 0 };
  const inView = view.count(here);
  if (inView >= COUNT_CAP && inView < offset) {
    const message = `beyond ${COUNT_CAP} jobs the list goes on by cursor`;
    return { ok: false, problem: invalid([{ path: 'offset', message }]) };
  }
  return { kind, filter, jobs, seam, pastOffset: offset - inView };
}

function seamOf({ coversFromMs }: View): number {
  return Math.ceil(coversFromMs / SEAM_MS) * SEAM_MS;
}
