import { isTerminal, type JobStatus, type Kind } from '@genfleet/job';
import { firstIdAt } from '../id-bytes.ts';
import type { JobFilter } from '../view.ts';
import { publishedFor, textLiteral } from './literals.ts';

export interface JobSearch {
  readonly kind: Kind;
  readonly filter: JobFilter;
  /** Only ids that sort before this one. */
  readonly before: string;
  /** Unix ms: only jobs of this time or later. */
  readonly sinceMs: number;
  readonly limit: number;
  readonly offset: number;
}

/**
 * Whether SQL tells the jobs of these statuses from all others: it tells how jobs ended, and not whether one that has not
 * waits or runs, for which its claims have to be counted.
 */
export function isToldBySql(statuses: readonly JobStatus[] | undefined): boolean {
  const open = statuses?.filter((status) => !isTerminal(status)).length ?? 0;
  return statuses === undefined || open === 0 || open === OPEN_STATUSES;
}

/** Queued, running, retrying. */
const OPEN_STATUSES = 3;

/** Ids of jobs, newest first. Where SQL can't tell their statuses, those of all that have not ended. */
export function jobSearchSql(search: JobSearch): string {
  const { filter, before, limit, offset } = search;
  const { status } = filter;
  const conditions = [`id < ${textLiteral(before)}`, `id >= ${textLiteral(firstIdAt(search.sinceMs))}`];
  if (filter.toMs !== undefined) conditions.push(`id < ${textLiteral(firstIdAt(filter.toMs))}`);
  const range = conditions.join(' and ');
  const asked = `asked as (
  select id, max(redrive) as redrive
  from (
    ${sourcesOf(search).join('\n    union all\n    ')}
  ) as sources
  where ${[range, ...propertiesOf(filter)].join(' and ')}
  group by id
)`;
  const page = `order by asked.id desc${offset > 0 ? ` offset ${offset}` : ''} limit ${limit}`;
  if (status === undefined) return `with ${asked}\nselect asked.id from asked\n${page}`;
  return `with ${asked}, ${endedOf(search, range)}
select asked.id from asked left join ended on ended.id = asked.id
where ${stateOf(status)}
${page}`;
}

function propertiesOf({ tenant, model, grouping }: JobFilter): string[] {
  const given = { tenant, model, of_group: grouping };
  return Object.entries(given).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name} = (${textLiteral(value)})`],
  );
}

/** Where a job's tenant, model and grouping stand. Requests for completions are forgotten before their ends are. */
function sourcesOf({ kind, sinceMs }: JobSearch): string[] {
  const from = (topic: string, model: string, group: string) =>
    `select id, redrive, tenant, ${model} as model, ${group} as of_group from ${topic}_${kind}_generation where ${publishedFor(sinceMs)}`;
  const grouping = "element_at(metadata, 'grouping')";
  const requested = from('requested', 'settings.model', grouping);
  if (kind === 'txt2img') return [requested];
  return [
    requested,
    from('completed', 'model', 'null'),
    from('dlq_requested', 'settings.model', grouping),
    from('cancelled', 'null', 'null'),
  ];
}

/** The first end of the last life that has one, of each job: the order is that of `compareOrder`. */
function endedOf({ kind, sinceMs }: JobSearch, range: string): string {
  const ends = [
    ['completed', 'completed'],
    ['dlq_requested', 'dead'],
    ['cancelled', 'cancelled'],
  ].map(
    ([topic, status], index) =>
      `select id, redrive, '${status}' as status, ${index} as step, __event_time__ as event_time from ${topic}_${kind}_generation where ${range} and ${publishedFor(sinceMs)}`,
  );
  return `ended as (
  select id, redrive, status
  from (
    select id, redrive, status, row_number() over (partition by id order by redrive desc, event_time, step) as place
    from (
      ${ends.join('\n      union all\n      ')}
    ) as ends
  ) as ranked
  where place = 1
)`;
}

function stateOf(statuses: readonly JobStatus[]): string {
  const terminal = statuses.filter(isTerminal);
  const states = [];
  if (terminal.length > 0) {
    states.push(
      `(ended.redrive >= asked.redrive and ended.status in (${terminal.map(textLiteral).join(', ')}))`,
    );
  }
  if (terminal.length < statuses.length) states.push('(ended.id is null or ended.redrive < asked.redrive)');
  return states.join(' or ');
}
