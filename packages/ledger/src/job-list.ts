import type { DatabaseSync, SQLInputValue } from 'node:sqlite';
import type { JobState } from '@genfleet/job';
import { idBytes, idFloor, idText } from './id-bytes.ts';
import { statusNumber } from './listing.ts';
import { unpackState } from './state-text.ts';
import { COUNT_CAP, type JobFilter, type Page } from './view.ts';
import type { ViewStore } from './view-store.ts';

interface Row {
  readonly n: number;
  readonly id: Uint8Array;
}

/** A part of the list in one index, newest first. */
interface Walk {
  readonly where: string;
  readonly values: readonly SQLInputValue[];
}

/**
 * One page, newest first. Reads along the index that holds the fewest candidates, which the counts tell, and
 * stops as soon as all that match were seen, so that neither a rare status nor a common model costs a full scan.
 */
export function listJobs(store: ViewStore, filter: JobFilter, page: Page): readonly JobState[] {
  const matching = store.counts.matching(filter);
  const end = Math.min(page.offset + page.limit, matching);
  if (end <= page.offset) return [];
  const before = page.before === undefined ? [] : [idBytes(page.before)];
  const rows = newestFirst(store.db, within(walksOf(store, filter), filter, before), page.offset, end);
  const body = store.db.prepare('SELECT state FROM body WHERE n = ?');
  return rows.map(({ n, id }) => unpackState(idText(id), String(body.get(n)?.['state'])));
}

/** Exact by the counts; of a grouping or a range of time, which have no count, at most `COUNT_CAP`. */
export function countJobs(store: ViewStore, filter: JobFilter): number {
  const matching = store.counts.matching(filter);
  const hasCount = filter.grouping === undefined && filter.fromMs === undefined && filter.toMs === undefined;
  if (hasCount || matching === 0) return matching;
  let jobs = 0;
  for (const { where, values } of within(walksOf(store, filter), filter)) {
    const counted = store.db
      .prepare(`SELECT count(*) AS jobs FROM (SELECT 1 FROM job ${where} LIMIT ${COUNT_CAP - jobs})`)
      .get(...values);
    jobs += Number(counted?.['jobs']);
  }
  return jobs;
}

/** The walks between the ends of the range, which every index has behind its other columns. */
function within(
  walks: readonly Walk[],
  { fromMs, toMs }: JobFilter,
  before: readonly Uint8Array[] = [],
): readonly Walk[] {
  const lower = fromMs === undefined ? [] : [idFloor(fromMs)];
  const upper = [...before, ...(toMs === undefined ? [] : [idFloor(toMs)])];
  const bounds = `${lower.map(() => ' AND id >= ?').join('')}${upper.map(() => ' AND id < ?').join('')}`;
  return walks.map(({ where, values }) => ({
    where: where + bounds,
    values: [...values, ...lower, ...upper],
  }));
}

function walksOf(store: ViewStore, filter: JobFilter): readonly Walk[] {
  const { tenant, status, model, grouping } = filter;
  if (grouping !== undefined) return [groupingWalk(filter, grouping)];
  const ranges = store.counts.ranges({
    ...(tenant === undefined ? {} : { tenant }),
    ...(status && { status }),
  });
  const inRanges = store.counts.matching({
    ...(tenant === undefined ? {} : { tenant }),
    ...(status && { status }),
  });
  if (model !== undefined && store.counts.matching({ model }) <= inRanges) {
    const { where, values } = conditions(filter, 'tenant', 'status');
    return [{ where: `INDEXED BY job_model WHERE model = ?${where}`, values: [model, ...values] }];
  }
  if (tenant === undefined && status === undefined) {
    const { where, values } = conditions(filter, 'status', 'model');
    return [{ where: `INDEXED BY job_id WHERE true${where}`, values }];
  }
  const { where, values } = conditions(filter, 'model');
  return ranges.map((range) => ({
    where: `INDEXED BY job_tenant_status WHERE tenant = ? AND status = ?${where}`,
    values: [range.tenant, statusNumber(range.status), ...values],
  }));
}

function groupingWalk(filter: JobFilter, grouping: string): Walk {
  const { where, values } = conditions(filter, 'tenant', 'status', 'model');
  return { where: `INDEXED BY job_grouping WHERE grouping_name = ?${where}`, values: [grouping, ...values] };
}

function conditions(filter: JobFilter, ...columns: readonly ('tenant' | 'status' | 'model')[]): Walk {
  let where = '';
  const values: SQLInputValue[] = [];
  for (const column of columns) {
    if (column === 'status') {
      const wanted = filter.status?.map(statusNumber);
      where += wanted ? ` AND status IN (${wanted.join(',')})` : ` AND status <> ${statusNumber('unknown')}`;
    } else if (filter[column] !== undefined) {
      where += ` AND ${column} = ?`;
      values.push(filter[column]);
    }
  }
  return { where, values };
}

/** Merges the walks, each read only as far as it is needed, and gives rows `offset` to `end`. */
function newestFirst(db: DatabaseSync, walks: readonly Walk[], offset: number, end: number): Row[] {
  const rows = walks.map(({ where, values }) => {
    const statement = db.prepare(`SELECT n, id FROM job ${where} ORDER BY id DESC LIMIT ${end}`);
    return statement.iterate(...values) as Iterator<unknown> as Iterator<Row>;
  });
  const heads = rows.map((walk) => walk.next());
  const page: Row[] = [];
  for (let place = 0; place < end; place++) {
    let newest = -1;
    for (const [at, head] of heads.entries()) {
      const best = heads[newest];
      if (!head.done && (!best || best.done || Buffer.compare(head.value.id, best.value.id) > 0)) newest = at;
    }
    const head = heads[newest];
    const walk = rows[newest];
    if (!head || head.done || !walk) break;
    if (place >= offset) page.push(head.value);
    heads[newest] = walk.next();
  }
  for (const walk of rows) walk.return?.();
  return page;
}
