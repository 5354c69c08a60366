import { b, COMPLETED, c, DEAD, d, f, REQUESTED } from './names.ts';
import type { LedgerStatement } from './statement.ts';

export const QUERIES: readonly LedgerStatement[] = [
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
