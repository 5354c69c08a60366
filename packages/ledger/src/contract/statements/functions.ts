import { a, COMPLETED, c, DEAD, f, NOON, REQUESTED } from './names.ts';
import type { LedgerStatement } from './statement.ts';

export const FUNCTIONS: readonly LedgerStatement[] = [
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
