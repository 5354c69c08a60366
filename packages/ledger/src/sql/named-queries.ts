import { GenfleetError, isUuid, jobIdTimeMs } from '@genfleet/job';

/** A question that operators ask, as docs/ledger.md shows it; `{since}` and `{job}` stand for what it is asked about. */
export interface NamedQuery {
  readonly name: string;
  readonly about: string;
  readonly sql: string;
}

export interface NamedQueryParameters {
  /** Only what was published from then on: a date, or a date and time in UTC. Default: all. */
  readonly since?: string | undefined;
  /** Id of the job that `job-history` tells about. */
  readonly job?: string | undefined;
}

const SINCE = "where __publish_time__ >= timestamp '{since}'";
const OF_JOB = `where id = '{job}' and __publish_time__ >= timestamp '{since}'`;
/** An id's time is of whoever made it, a publish time of the bus. */
const CLOCK_SKEW_MS = 600_000;

/** Runs of both kinds that were completed. */
const COMPLETED = `(
  select kind, id, tenant, model, worker, complete_time, timings.queued_ms as queued_ms,
    timings.model_load_ms as model_load_ms, timings.generate_ms as generate_ms, timings.store_ms as store_ms
  from completed_txt2img_generation
  ${SINCE}
  union all
  select kind, id, tenant, model, worker, complete_time, timings.queued_ms,
    timings.model_load_ms, timings.generate_ms, timings.store_ms
  from completed_completion_generation
  ${SINCE}
) as runs`;

const percentiles = (column: string) => `select kind, model, count(*) as runs,
  approx_percentile(${column}, 0.5) as p50_ms,
  approx_percentile(${column}, 0.95) as p95_ms,
  approx_percentile(${column}, 0.99) as p99_ms,
  max(${column}) as max_ms
from ${COMPLETED}
group by kind, model
order by kind, model`;

/** What one kind's events say about one job; `step` breaks ties as the fold does. */
const history = (
  kind: string,
) => `select __event_time__ as event_time, 1 as step, kind, type, redrive, attempt,
    cast(null as varchar) as worker, settings.model as detail
  from requested_${kind}_generation
  ${OF_JOB}
  union all
  select __event_time__, 2, kind, type, redrive, attempt, worker, if(released, 'handed back', claim)
  from started_${kind}_generation
  ${OF_JOB}
  union all
  select __event_time__, 3, kind, type, redrive, attempt, worker, model
  from completed_${kind}_generation
  ${OF_JOB}
  union all
  select __event_time__, 4, kind, type, redrive, attempt, null, error.code || ': ' || error.message
  from dlq_requested_${kind}_generation
  ${OF_JOB}
  union all
  select __event_time__, 5, kind, type, redrive, null, null, reason
  from cancelled_${kind}_generation
  ${OF_JOB}`;

const lastFailures = (table: string) => `select element_at(failures, -1).code as code, id
  from ${table}
  ${SINCE}`;

export const NAMED_QUERIES: readonly NamedQuery[] = [
  {
    name: 'throughput',
    about: 'Jobs completed in each hour.',
    sql: `select date_trunc('hour', from_iso8601_timestamp(complete_time)) as hour, kind, count(distinct id) as jobs
from ${COMPLETED}
group by 1, 2
order by 1, 2`,
  },
  {
    name: 'wait-percentiles',
    about: 'How long the runs of each model waited from their request to their start.',
    sql: percentiles('queued_ms'),
  },
  {
    name: 'run-percentiles',
    about: 'How long the engine took for the runs of each model.',
    sql: percentiles('generate_ms'),
  },
  {
    name: 'dead-letters',
    about: 'Jobs that died, by the reason, and whose they were.',
    sql: `select error.code as reason, kind, tenant, count(distinct id) as jobs, max(time) as latest
from (
  select error, kind, tenant, id, time
  from dlq_requested_txt2img_generation
  ${SINCE}
  union all
  select error, kind, tenant, id, time
  from dlq_requested_completion_generation
  ${SINCE}
) as dead
group by 1, 2, 3
order by 4 desc, 1, 2, 3`,
  },
  {
    name: 'failed-attempts',
    about: 'Attempts that failed, by the reason, of jobs that were retried or died.',
    sql: `select code as reason, count(*) as attempts, count(distinct id) as jobs
from (
  ${lastFailures('requested_txt2img_generation')}
  union all
  ${lastFailures('requested_completion_generation')}
  union all
  ${lastFailures('dlq_requested_txt2img_generation')}
  union all
  ${lastFailures('dlq_requested_completion_generation')}
) as failed
where code is not null
group by code
order by attempts desc, reason`,
  },
  {
    name: 'cost-per-tenant',
    about: 'Jobs of each tenant, and the seconds that engines worked for them.',
    sql: `select tenant, kind, model, count(distinct id) as jobs,
  round(sum(generate_ms + model_load_ms) / 1e3, 3) as engine_seconds
from ${COMPLETED}
group by tenant, kind, model
order by tenant, kind, model`,
  },
  {
    name: 'worker-busy-time',
    about: 'How long each worker ran its engine and stored results, and from when to when it completed jobs.',
    sql: `select worker, kind, count(*) as runs,
  round(sum(model_load_ms + generate_ms) / 1e3, 3) as engine_seconds,
  round(sum(store_ms) / 1e3, 3) as store_seconds,
  min(complete_time) as first_completed, max(complete_time) as last_completed
from ${COMPLETED}
group by worker, kind
order by worker, kind`,
  },
  {
    name: 'tokens-per-model',
    about: 'Tokens that each text model read and wrote, and how fast it wrote.',
    sql: `select model, count(*) as runs, sum(usage.prompt_tokens) as prompt_tokens,
  sum(usage.completion_tokens) as completion_tokens,
  round(sum(usage.completion_tokens) * 1e3 / nullif(sum(timings.generate_ms), 0), 1) as tokens_per_second
from completed_completion_generation
${SINCE}
group by model
order by model`,
  },
  {
    name: 'open-jobs',
    about: 'Image jobs that were requested and have not ended, by tenant and model.',
    sql: `select requested.tenant, requested.model, count(*) as jobs, min(requested.request_time) as oldest
from (
  select id, tenant, settings.model as model, min(request_time) as request_time, max(redrive) as redrive
  from requested_txt2img_generation
  ${SINCE}
  group by id, tenant, settings.model
) as requested
left join (
  select id, redrive from completed_txt2img_generation ${SINCE}
  union
  select id, redrive from dlq_requested_txt2img_generation ${SINCE}
  union
  select id, redrive from cancelled_txt2img_generation ${SINCE}
) as ended on ended.id = requested.id and ended.redrive = requested.redrive
where ended.id is null
group by requested.tenant, requested.model
order by requested.tenant, requested.model`,
  },
  {
    name: 'job-history',
    about: 'What became of one job: its events in the order of the ledger.',
    sql: `select event_time, kind, type, redrive, attempt, worker, detail
from (
  ${history('txt2img')}
  union all
  ${history('completion')}
) as events
order by event_time, step, attempt`,
  },
];

/**
 * The SQL of a named query about these parameters. A job's id carries its time, which bounds what has to be read.
 * @throws GenfleetError `invalid_query` when there is no such query or a parameter is missing or malformed.
 */
export function namedQuery(name: string, parameters: NamedQueryParameters = {}): string {
  const query = NAMED_QUERIES.find((each) => each.name === name);
  if (!query) {
    const names = NAMED_QUERIES.map((each) => each.name).join(', ');
    throw new GenfleetError('invalid_query', `There is no query named ${name}. There are: ${names}.`);
  }
  if (!query.sql.includes('{job}')) return query.sql.replaceAll('{since}', sinceOf(parameters.since));
  const { job = '' } = parameters;
  const id = job.toLowerCase();
  if (!isUuid(id)) throw new GenfleetError('invalid_query', `${name} wants the id of a job, not "${job}".`);
  const madeMs = jobIdTimeMs(id);
  const since = madeMs === undefined ? parameters.since : new Date(madeMs - CLOCK_SKEW_MS).toISOString();
  return query.sql.replaceAll('{since}', sinceOf(since)).replaceAll('{job}', id);
}

/** As a literal of SQL; that of the year 1970 leaves nothing out. */
function sinceOf(since = '1970-01-01'): string {
  const atMs = /^\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d{1,3})?)?Z?)?$/.test(since)
    ? Date.parse(since.includes(':') ? `${since.replace(' ', 'T').replace(/Z$/, '')}Z` : since)
    : Number.NaN;
  if (Number.isNaN(atMs)) {
    throw new GenfleetError(
      'invalid_query',
      `"${since}" is no time; wanted: 2026-03-01 or 2026-03-01T12:00Z.`,
    );
  }
  return new Date(atMs).toISOString().replace('T', ' ').replace('Z', '');
}
