/**
 * A question that operators ask, as docs/ledger.md shows it; `{since}`, `{from}`, `{until}` and `{job}` stand for what it
 * is asked about.
 */
export interface NamedQuery {
  readonly name: string;
  readonly about: string;
  readonly sql: string;
}

const SINCE = "where __publish_time__ >= timestamp '{since}'";
const OF_JOB = `where id = '{job}' and __publish_time__ >= timestamp '{since}'`;
/** Events of that time, by what they say of it themselves; the times of publishing bound what is read for it. */
const within = (time: string) => `${SINCE} and ${time} >= '{from}' and ${time} < '{until}'`;

/** Runs of both kinds that were completed. */
const COMPLETED = `(
  select kind, id, tenant, model, worker, complete_time, timings.queued_ms as queued_ms,
    timings.model_load_ms as model_load_ms, timings.generate_ms as generate_ms, timings.store_ms as store_ms
  from completed_txt2img_generation
  ${within('complete_time')}
  union all
  select kind, id, tenant, model, worker, complete_time, timings.queued_ms,
    timings.model_load_ms, timings.generate_ms, timings.store_ms
  from completed_completion_generation
  ${within('complete_time')}
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
  ${within('element_at(failures, -1).time')}`;

/** The hour of a time, as text: the moment is worked out for a few hours, and not for every event. */
const hourOf = (time: string) => `substr(${time}, 1, 13)`;
const HOUR = "from_iso8601_timestamp(hour || ':00:00Z') as hour";

const ends = (kind: string) =>
  [
    ['completed', 'complete_time', 'completed'],
    ['dlq_requested', 'time', 'failed'],
    ['cancelled', 'time', 'cancelled'],
  ]
    .map(
      ([topic, time = '', how]) => `select ${hourOf(time)} as hour, kind, id, '${how}' as how
  from ${topic}_${kind}_generation
  ${within(time)}`,
    )
    .join('\n  union all\n  ');

const failures = (kind: string) => `select ${hourOf('element_at(failures, -1).time')} as hour, kind,
    element_at(failures, -1).code as reason, id, cast(null as varchar) as died
  from requested_${kind}_generation
  ${within('element_at(failures, -1).time')}
  union all
  select ${hourOf('time')}, kind, error.code, id, id
  from dlq_requested_${kind}_generation
  ${within('time')}`;

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
    name: 'outcomes-per-hour',
    about: 'Jobs that were completed, died and were cancelled in each hour.',
    sql: `select ${HOUR}, kind,
  count(distinct case when how = 'completed' then id end) as completed,
  count(distinct case when how = 'failed' then id end) as failed,
  count(distinct case when how = 'cancelled' then id end) as cancelled
from (
  ${ends('txt2img')}
  union all
  ${ends('completion')}
) as ended
group by ended.hour, kind
order by 1, 2`,
  },
  {
    name: 'percentiles-per-hour',
    about: 'How long the runs of each model waited and took, by the hour of their end.',
    sql: `select ${HOUR}, kind, model, count(*) as runs,
  approx_percentile(queued_ms, 0.5) as wait_p50_ms,
  approx_percentile(queued_ms, 0.95) as wait_p95_ms,
  approx_percentile(generate_ms, 0.5) as run_p50_ms,
  approx_percentile(generate_ms, 0.95) as run_p95_ms
from (
  select ${hourOf('complete_time')} as hour, kind, model, queued_ms, generate_ms
  from ${COMPLETED.replaceAll('\n', '\n  ')}
) as hourly
group by hourly.hour, kind, model
order by 1, 2, 3`,
  },
  {
    name: 'failures-per-hour',
    about: 'Jobs of which an attempt failed in each hour, by the reason, and those that died of it.',
    sql: `select ${HOUR}, kind, reason, count(distinct id) as jobs, count(distinct died) as dead
from (
  ${failures('txt2img')}
  union all
  ${failures('completion')}
) as failed
group by failed.hour, kind, reason
order by 1, 2, 3`,
  },
  {
    name: 'dead-letters',
    about: 'Jobs that died, by the reason, and whose they were.',
    sql: `select error.code as reason, kind, tenant, count(distinct id) as jobs, max(time) as latest
from (
  select error, kind, tenant, id, time
  from dlq_requested_txt2img_generation
  ${within('time')}
  union all
  select error, kind, tenant, id, time
  from dlq_requested_completion_generation
  ${within('time')}
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
${within('complete_time')}
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
  ${SINCE} and request_time < '{until}'
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
