import { a, b, COMPLETED, c, DEAD, e, REQUESTED, TEXTS } from './names.ts';
import type { LedgerStatement } from './statement.ts';

export const TABLES_AND_COLUMNS: readonly LedgerStatement[] = [
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
