import type { JobList, JobRow } from '@genfleet/client';
import { isEnded } from '../merge.ts';

/** The part of the list that has been read: newest first, which is by id (UUIDv7), without gaps. */
export interface Rows {
  readonly rows: readonly JobRow[];
  /** Cursor of what is older; null at the end. */
  readonly next: string | null;
}

/** The list with the page behind it. A job that came twice keeps its first place. */
export function appended(known: Rows, page: JobList): Rows {
  const seen = new Set(known.rows.map(({ id }) => id));
  return { rows: [...known.rows, ...page.jobs.filter(({ id }) => !seen.has(id))], next: page.next };
}

/**
 * The list after its beginning was read again. What the reading covers is as it says: jobs may be new, and may have left
 * the filter. What is older stays, unless so many are new that there would be a gap. Rows that say the same are the same
 * objects.
 */
export function refreshed(known: Rows, page: JobList): Rows {
  const byId = new Map(known.rows.map((row) => [row.id, row]));
  const head = page.jobs.map((row) => same(byId.get(row.id), row));
  const oldest = page.jobs.at(-1);
  if (!oldest || page.next === null) return { rows: head, next: page.next };
  const isCovered = new Set(page.jobs.map(({ id }) => id));
  const tail = known.rows.filter((row) => !isCovered.has(row.id) && row.id < oldest.id);
  const touches = known.rows.some(({ id }) => isCovered.has(id));
  if (tail.length === 0 || !touches) return { rows: head, next: page.next };
  return { rows: [...head, ...tail], next: known.next };
}

function same(known: JobRow | undefined, read: JobRow): JobRow {
  return known && JSON.stringify(known) === JSON.stringify(read) ? known : read;
}

/** The list as it was, with what is known to have changed in the jobs it shows. */
export function updatedInPlace(shown: Rows, newer: Rows): Rows {
  const byId = new Map(newer.rows.map((row) => [row.id, row]));
  return { ...shown, rows: shown.rows.map((row) => byId.get(row.id) ?? row) };
}

/** How many jobs come and go when `shown` becomes `newer`. */
export function difference(shown: Rows, newer: Rows): { readonly come: number; readonly gone: number } {
  const missing = (here: Rows, there: Rows) => {
    const ids = new Set(here.rows.map(({ id }) => id));
    return there.rows.filter(({ id }) => !ids.has(id)).length;
  };
  return { come: missing(shown, newer), gone: missing(newer, shown) };
}

/** Whether a job of the list may still change by itself. */
export function isBusy({ rows }: Rows): boolean {
  return rows.some((row) => !isEnded(row));
}
