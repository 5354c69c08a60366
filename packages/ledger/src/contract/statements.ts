import { namedQuery } from '../sql/named-queries.ts';
import type { SqlValue } from '../sql/sql-ledger.ts';
import { jobId } from './fixed-ledger.ts';

/** A query over the fixed ledger, and what every engine answers. */
export interface LedgerStatement {
  readonly name: string;
  readonly sql: string;
  /** In this order: each statement says how its rows are sorted. */
  readonly rows: readonly (readonly SqlValue[])[];
  /** Types of the columns, where they are not left to the engine. */
  readonly types?: readonly string[];
  /** Columns that are not compared: when a message was published is the bus's to say. */
  readonly unless?: readonly string[];
}

const REQUESTED = 'requested_txt2img_generation';
const COMPLETED = 'completed_txt2img_generation';
const DEAD = 'dlq_requested_txt2img_generation';
const TEXTS = 'requested_completion_generation';
const NOON = '2026-03-01T12:00:00.000Z';
const ONE = '2026-03-01T13:00:00.000Z';
const [a, b, c] = [jobId('a'), jobId('b', 60), jobId('c', 120)];
const [d, e, f] = [jobId('d', 180), jobId('e', 3_600), jobId('f', 3_660)];

const named = (name: string, rows: LedgerStatement['rows'], more: Partial<LedgerStatement> = {}) => ({
  ...{ name: `named: ${name}`, sql: namedQuery(name, { job: b }), rows },
  ...more,
});

const NAMED: readonly LedgerStatement[] = [
  named('throughput', [
    [NOON, 'completion', 1],
    [NOON, 'txt2img', 3],
    [ONE, 'completion', 1],
  ]),
  named('wait-percentiles', [
    ['completion', 'code-7b', 2, 70, 70, 70, 70],
    ['txt2img', 'sd-1.5', 2, 300, 300, 300, 300],
    ['txt2img', 'sdxl', 1, 200, 200, 200, 200],
  ]),
  named('run-percentiles', [
    ['completion', 'code-7b', 2, 500, 500, 500, 500],
    ['txt2img', 'sd-1.5', 2, 2_000, 2_000, 2_000, 2_000],
    ['txt2img', 'sdxl', 1, 4_000, 4_000, 4_000, 4_000],
  ]),
  named('outcomes-per-hour', [
    [NOON, 'completion', 1, 0, 0],
    [NOON, 'txt2img', 3, 1, 0],
    [ONE, 'completion', 1, 1, 0],
    [ONE, 'txt2img', 0, 0, 1],
  ]),
  {
    name: 'named: outcomes-per-hour, of one hour',
    sql: namedQuery('outcomes-per-hour', { since: '2026-03-01 13:00', until: '2026-03-01T14:00:00Z' }),
    rows: [
      [ONE, 'completion', 1, 1, 0],
      [ONE, 'txt2img', 0, 0, 1],
    ],
    types: ['timestamp(3) with time zone', 'varchar', 'bigint', 'bigint', 'bigint'],
  },
  named('percentiles-per-hour', [
    [NOON, 'completion', 'code-7b', 1, 50, 50, 500, 500],
    [NOON, 'txt2img', 'sd-1.5', 2, 300, 300, 2_000, 2_000],
    [NOON, 'txt2img', 'sdxl', 1, 200, 200, 4_000, 4_000],
    [ONE, 'completion', 'code-7b', 1, 70, 70, 250, 250],
  ]),
  named('failures-per-hour', [
    [NOON, 'txt2img', 'engine_failed', 2, 0],
    [NOON, 'txt2img', 'out_of_memory', 1, 1],
    [ONE, 'completion', 'context_length_exceeded', 1, 1],
  ]),
  named('dead-letters', [
    ['context_length_exceeded', 'completion', 'team-b', 1, '2026-03-01T13:00:31.000Z'],
    ['out_of_memory', 'txt2img', 'team-b', 1, '2026-03-01T12:03:20.000Z'],
  ]),
  named('failed-attempts', [
    ['engine_failed', 2, 2],
    ['context_length_exceeded', 1, 1],
    ['out_of_memory', 1, 1],
  ]),
  named('cost-per-tenant', [
    ['team-a', 'completion', 'code-7b', 1, 0.5],
    ['team-a', 'txt2img', 'sd-1.5', 2, 3.05],
    ['team-b', 'completion', 'code-7b', 1, 0.25],
    ['team-b', 'txt2img', 'sdxl', 1, 4.25],
  ]),
  named('worker-busy-time', [
    ['gpu-1', 'txt2img', 1, 1.05, 0.01, '2026-03-01T12:00:01.200Z', '2026-03-01T12:00:01.200Z'],
    ['gpu-2', 'txt2img', 2, 6.25, 0.05, '2026-03-01T12:01:05.500Z', '2026-03-01T12:02:04.500Z'],
    ['gpu-3', 'completion', 2, 0.75, 0, '2026-03-01T12:00:10.600Z', '2026-03-01T13:00:21.000Z'],
  ]),
  named('tokens-per-model', [['code-7b', 2, 15, 27, 36]]),
  named('open-jobs', [['team-a', 'sdxl', 1, '2026-03-01T13:01:00.000Z']]),
  named(
    'job-history',
    [
      [null, 'txt2img', 'requested', 0, 1, null, 'sd-1.5'],
      [null, 'txt2img', 'started', 0, 1, 'gpu-1', 'claim 1 of sd-1.5'],
      [null, 'txt2img', 'requested', 0, 2, null, 'sd-1.5'],
      [null, 'txt2img', 'started', 0, 2, 'gpu-1', 'claim 2 of sd-1.5'],
      [null, 'txt2img', 'completed', 0, 2, 'gpu-2', 'sd-1.5'],
    ],
    { unless: ['event_time'] },
  ),
];

const TABLES_AND_COLUMNS: readonly LedgerStatement[] = [
  {
    name: 'a name without its schema',
    sql: `select count(*) as events from ${REQUESTED}`,
    rows: [[8]],
    types: ['bigint'],
  },
  {
    name: 'a name with its schema',
    sql: `select count(*) from {schema}.${REQUESTED}`,
    rows: [[8]],
  },
  {
    name: 'a name with catalog and schema',
    sql: `select count(distinct r.id) from {catalog}.{schema}.${REQUESTED} as r`,
    rows: [[6]],
  },
  {
    name: 'every table',
    sql: [
      ...['requested', 'started', 'completed', 'dlq_requested', 'cancelled'].flatMap((type) =>
        ['txt2img', 'completion'].map(
          (kind) =>
            `select '${type}' as topic, '${kind}' as kind, count(*) as events from ${type}_${kind}_generation`,
        ),
      ),
    ]
      .join(' union all ')
      .concat(' order by kind desc, topic'),
    rows: [
      ['cancelled', 'txt2img', 1],
      ['completed', 'txt2img', 3],
      ['dlq_requested', 'txt2img', 1],
      ['requested', 'txt2img', 8],
      ['started', 'txt2img', 6],
      ['cancelled', 'completion', 0],
      ['completed', 'completion', 2],
      ['dlq_requested', 'completion', 1],
      ['requested', 'completion', 3],
      ['started', 'completion', 1],
    ],
  },
  {
    name: 'fields of a row',
    sql: `select settings.seed, settings.cfg_scale, r.settings.model, settings.format
      from ${REQUESTED} as r where id = '${a}'`,
    rows: [[9_007_199_254_740_991, 7.5, 'sd-1.5', null]],
    types: ['bigint', 'double', 'varchar', 'varchar'],
  },
  {
    name: 'a whole row and an array of rows',
    sql: `select timings, artifacts from ${COMPLETED} where id = '${c}'`,
    rows: [
      [
        { queued_ms: 200, model_load_ms: 250.4, generate_ms: 4_000, store_ms: 30 },
        [
          {
            ...{ key: `${c}_0.jpg`, content_type: 'image/jpeg', size_bytes: 1_000, sha256: '0'.repeat(64) },
            ...{ width: 512, height: 768, seed: 3 },
          },
        ],
      ],
    ],
    types: [
      'row(queued_ms double, model_load_ms double, generate_ms double, store_ms double)',
      'array(row(key varchar, content_type varchar, size_bytes bigint, sha256 varchar, width bigint, height bigint, seed bigint))',
    ],
  },
  {
    name: 'a map',
    sql: `select metadata, element_at(metadata, 'grouping') as g, element_at(metadata, 'nothing') as n, cardinality(metadata) as c
      from ${REQUESTED} where attempt = 1 and tenant = 'team-a' order by request_time`,
    rows: [
      [{ grouping: 'night "watch"', user: 'user of a' }, 'night "watch"', null, 2],
      [{ grouping: 'day', user: 'user of b' }, 'day', null, 2],
      [{}, null, null, 0],
      [{}, null, null, 0],
    ],
    types: ['map(varchar, varchar)', 'varchar', 'varchar', 'bigint'],
  },
  {
    name: 'an element of an array',
    sql: `select element_at(failures, 1).code, element_at(failures, -1).attempt, element_at(failures, 3), cardinality(failures)
      from ${DEAD}`,
    rows: [['engine_failed', 2, null, 2]],
  },
  {
    name: 'an element of an array, by brackets',
    sql: `select artifacts[1].size_bytes, artifacts[2].key from ${COMPLETED} where id = '${a}'`,
    rows: [[1_000, `${a}_1.jpg`]],
  },
  {
    name: 'an array taken apart',
    sql: `select r.attempt as asked, t.code
      from ${REQUESTED} as r cross join unnest(transform(r.failures, f -> f.code)) as t(code)
      order by r.id`,
    rows: [
      [2, 'engine_failed'],
      [2, 'engine_failed'],
    ],
  },
  {
    name: 'an array taken apart, with numbers',
    sql: `select n, name from ${COMPLETED}
      cross join unnest(transform(artifacts, a -> a.key)) with ordinality as files(name, n)
      where id = '${a}' order by n`,
    rows: [
      [1, `${a}_0.jpg`],
      [2, `${a}_1.jpg`],
    ],
  },
  {
    name: 'several fields of the rows of an array',
    sql: `select i, element_at(failures, i).code as code, element_at(failures, i).time as time
      from ${DEAD} cross join unnest(sequence(1, cardinality(failures))) as places(i)
      order by i`,
    rows: [
      [1, 'engine_failed', '2026-03-01T12:03:10.000Z'],
      [2, 'out_of_memory', '2026-03-01T12:03:20.000Z'],
    ],
  },
  {
    name: 'a prompt of token ids shows as JSON',
    sql: `select element_at(settings.prompts, 1), element_at(settings.prompts, 2), settings.max_tokens, settings.stop
      from ${TEXTS} where request_time = '2026-03-01T12:00:10.000Z'`,
    rows: [['def f(', '[1,2,3]', 16, ['\n\n']]],
  },
  {
    name: 'what an event does not have is null',
    sql: `select settings.prompts is null, element_at(settings.messages, 1).content, settings.suffix, deadline, idempotency
      from ${TEXTS} where settings.messages is not null`,
    rows: [[true, 'write a loop', null, null, null]],
  },
  {
    name: 'booleans',
    sql: `select count_if(interactive), bool_and(stream), bool_or(store) from ${TEXTS}`,
    rows: [[3, true, false]],
  },
  {
    name: 'columns of the message itself',
    sql: `select __key__ = id, __partition__, __properties__, __message_id__ is not null,
        __event_time__ <= __publish_time__, __publish_time__ > timestamp '2020-01-01 00:00:00'
      from ${COMPLETED} where id = '${b}'`,
    rows: [[true, -1, '{}', true, true, true]],
    types: ['boolean', 'integer', 'varchar', 'boolean', 'boolean', 'boolean'],
  },
  {
    name: 'all columns, in their order',
    sql: 'select * from cancelled_txt2img_generation',
    rows: [
      [
        ...['cancelled', 1, e, 'team-a', 0, 'txt2img', 'asked', '2026-03-01T13:00:01.000Z'],
        ...[-1, null, null, null, null, null, e, '{}'],
      ],
    ],
    types: [
      ...['varchar', 'bigint', 'varchar', 'varchar', 'bigint', 'varchar', 'varchar', 'varchar'],
      ...['integer', 'timestamp(3)', 'timestamp(3)', 'varchar', 'bigint', 'varchar', 'varchar', 'varchar'],
    ],
    unless: ['__event_time__', '__publish_time__', '__message_id__', '__sequence_id__', '__producer_name__'],
  },
  {
    name: 'a lower bound on the time of publishing',
    sql: `select count(*) from ${REQUESTED} where __publish_time__ >= timestamp '2020-01-01 00:00:00'`,
    rows: [[8]],
  },
];

const FUNCTIONS: readonly LedgerStatement[] = [
  {
    name: 'whole numbers divide to whole numbers',
    sql: 'select 7 / 2, -7 / 2, 7 % 3, 7 / 2e0, cast(7 as double) / 2',
    rows: [[3, -3, 1, 3.5, 3.5]],
  },
  {
    name: 'sums and means',
    sql: `select tenant, sum(settings.steps), avg(settings.height), min(settings.seed), count(distinct settings.model)
      from ${REQUESTED} group by tenant order by tenant`,
    rows: [
      ['team-a', 100, 768, 2, 2],
      ['team-b', 60, 768, 3, 1],
    ],
    types: ['varchar', 'bigint', 'double', 'bigint', 'bigint'],
  },
  {
    name: 'a condition of an aggregate and of a group',
    sql: `select tenant, count(*) filter (where attempt > 1) as retries from ${REQUESTED}
      group by tenant having count(*) > 3 order by 1`,
    rows: [['team-a', 1]],
  },
  {
    name: 'times',
    sql: `select from_iso8601_timestamp(request_time) as t, date_trunc('hour', from_iso8601_timestamp(request_time)) as h,
        date_diff('second', from_iso8601_timestamp(request_time), from_iso8601_timestamp(time)) as seconds
      from ${DEAD}`,
    rows: [['2026-03-01T12:03:00.000Z', NOON, 20]],
    types: ['timestamp(3) with time zone', 'timestamp(3) with time zone', 'bigint'],
  },
  {
    name: 'whole units between times',
    sql: `select date_diff('second', timestamp '2026-01-01 00:00:00.900', timestamp '2026-01-01 00:00:01.100'),
        date_diff('minute', timestamp '2026-01-01 00:00:00', timestamp '2026-01-01 00:02:59'),
        date_diff('millisecond', timestamp '2026-01-01 00:00:00', timestamp '2026-01-01 00:00:00.250'),
        date_diff('day', timestamp '2026-01-02 00:00:00', timestamp '2026-01-01 00:00:00')`,
    rows: [[0, 2, 250, -1]],
  },
  {
    name: 'sums of times',
    sql: `select timestamp '2026-03-01 12:00:00' + interval '1' hour as later,
        date_add('minute', -90, timestamp '2026-03-01 12:00:00') as earlier,
        cast(timestamp '2026-03-01 12:00:00' as date) as day`,
    rows: [['2026-03-01T13:00:00.000', '2026-03-01T10:30:00.000', '2026-03-01']],
    types: ['timestamp(3)', 'timestamp(3)', 'date'],
  },
  {
    name: 'times as text',
    sql: `select format_datetime(timestamp '2026-03-01 09:05:07', 'yyyy-MM-dd HH:mm:ss'),
        format_datetime(from_iso8601_timestamp(time), 'EEE d MMM yyyy'),
        date_format(timestamp '2026-03-01 21:05:07', '%Y-%m-%d %H:%i:%s')
      from ${DEAD}`,
    rows: [['2026-03-01 09:05:07', 'Sun 1 Mar 2026', '2026-03-01 21:05:07']],
  },
  {
    name: 'times as seconds',
    sql: `select to_unixtime(timestamp '1970-01-01 00:00:01.500'), from_unixtime(1.5), hour(timestamp '2026-03-01 21:05:07'),
        day_of_week(timestamp '2026-03-01 21:05:07')`,
    rows: [[1.5, '1970-01-01T00:00:01.500Z', 21, 7]],
  },
  {
    name: 'percentiles',
    sql: `select approx_percentile(x, 0.5), approx_percentile(x, 0.9), approx_percentile(x, 0), approx_percentile(x, 1)
      from (values (10e0), (20e0), (30e0), (40e0), (50e0)) as v(x)`,
    rows: [[30, 50, 10, 50]],
  },
  {
    name: 'text',
    sql: `select upper(tenant) || '!', concat(tenant, '-', model), substr(model, 1, 2), strpos(model, '-'), length(model),
        replace(model, '.', '_'), regexp_like(model, '^sd-\\d'), model like 'sd-%', split_part(model, '-', 2)
      from ${COMPLETED} where id = '${a}'`,
    rows: [['TEAM-A!', 'team-a-sd-1.5', 'sd', 3, 6, 'sd-1_5', true, true, '1.5']],
  },
  {
    name: 'conditions and nulls',
    sql: `select coalesce(settings.format, 'jpeg'), if(attempt > 1, 'again', 'first'), nullif(tenant, 'team-b'),
        case settings.model when 'sdxl' then 1 else 0 end, try_cast(tenant as bigint), greatest(attempt, 2), concat('a', null)
      from ${REQUESTED} where id in ('${c}', '${f}') order by tenant`,
    rows: [
      ['jpeg', 'first', 'team-a', 1, null, 2, null],
      ['jpeg', 'first', null, 1, null, 2, null],
    ],
  },
  {
    name: 'nulls are last, whichever way',
    sql: 'select x from (values (1), (null), (2)) as v(x) order by x desc',
    rows: [[2], [1], [null]],
  },
  {
    name: 'arrays',
    sql: `select array_agg(model order by model), array_join(array_agg(distinct tenant order by tenant), ', '),
        max_by(model, timings.generate_ms), cardinality(array[1, 2, 3]), contains(array['a', 'b'], 'b')
      from ${COMPLETED}`,
    rows: [[['sd-1.5', 'sd-1.5', 'sdxl'], 'team-a, team-b', 'sdxl', 3, true]],
  },
  {
    name: 'JSON in text',
    sql: `select json_extract_scalar('{"a": {"b": 7}, "c": [1, "x"]}', '$.a.b'),
        json_extract_scalar('{"a": {"b": 7}, "c": [1, "x"]}', '$.c[1]')`,
    rows: [['7', 'x']],
  },
  {
    name: 'approximate counts of a few',
    sql: `select approx_distinct(tenant), approx_distinct(id) from ${REQUESTED}`,
    rows: [[2, 6]],
  },
];

const QUERIES: readonly LedgerStatement[] = [
  {
    name: 'a join of two topics',
    sql: `select r.id, r.attempt, s.worker, c.timings.generate_ms
      from ${REQUESTED} as r
      join started_txt2img_generation as s on s.id = r.id and s.attempt = r.attempt
      left join ${COMPLETED} as c on c.id = s.id and c.attempt = s.attempt
      where r.tenant = 'team-b' order by r.id, r.attempt`,
    rows: [
      [c, 1, 'gpu-1', 4_000],
      [d, 1, 'gpu-1', null],
      [d, 2, 'gpu-1', null],
    ],
  },
  {
    name: 'jobs without an end',
    sql: `select distinct id from ${REQUESTED} as r
      where not exists (select 1 from ${COMPLETED} as c where c.id = r.id)
        and id not in (select id from ${DEAD} union select id from cancelled_txt2img_generation)`,
    rows: [[f]],
  },
  {
    name: 'the last event of each job',
    sql: `with events as (
        select id, type, __event_time__ as t, attempt from ${REQUESTED}
        union all select id, type, __event_time__, attempt from started_txt2img_generation
        union all select id, type, __event_time__, attempt from ${COMPLETED}
      ), ranked as (
        select id, type, attempt, row_number() over (partition by id order by t desc) as place from events
      )
      select type, attempt, count(*) as jobs from ranked where place = 1 group by type, attempt order by type, attempt`,
    rows: [
      ['completed', 1, 2],
      ['completed', 2, 1],
      ['requested', 1, 2],
      ['started', 2, 1],
    ],
  },
  {
    name: 'a running sum',
    sql: `select model, sum(timings.generate_ms) over (order by complete_time) as so_far from ${COMPLETED} order by complete_time`,
    rows: [
      ['sd-1.5', 1_000],
      ['sd-1.5', 3_000],
      ['sdxl', 7_000],
    ],
  },
  {
    name: 'sums of groups and of all',
    sql: `select tenant, model, count(*) as events from (select tenant, settings.model as model from ${REQUESTED}) as r
      group by grouping sets ((tenant, model), ()) order by tenant, model`,
    rows: [
      ['team-a', 'sd-1.5', 4],
      ['team-a', 'sdxl', 1],
      ['team-b', 'sdxl', 3],
      [null, null, 8],
    ],
  },
  {
    name: 'a page',
    sql: `select id from ${REQUESTED} where attempt = 1 order by id offset 1 limit 2`,
    rows: [[b], [c]],
  },
  {
    name: 'comments and a semicolon',
    sql: `-- jobs; all of them
      select count(*) /* ; */ as ";" from ${COMPLETED};`,
    rows: [[3]],
  },
  {
    name: 'columns by the information schema',
    sql: `select column_name from information_schema.columns
      where table_schema = '{schema name}' and table_name = '${COMPLETED}' and column_name like '%\\_time' escape '\\'
      order by column_name`,
    rows: [['complete_time']],
  },
];

/** What every engine that answers for the ledger is held to, over `FIXED_LEDGER`. */
export const STATEMENTS: readonly LedgerStatement[] = [
  ...NAMED,
  ...TABLES_AND_COLUMNS,
  ...FUNCTIONS,
  ...QUERIES,
];
