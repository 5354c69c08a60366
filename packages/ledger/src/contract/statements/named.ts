import { namedQuery } from '../../sql/named-query.ts';
import { b, NOON, ONE } from './names.ts';
import type { LedgerStatement } from './statement.ts';

const named = (name: string, rows: LedgerStatement['rows'], more: Partial<LedgerStatement> = {}) => ({
  ...{ name: `named: ${name}`, sql: namedQuery(name, { job: b }), rows },
  ...more,
});

export const NAMED: readonly LedgerStatement[] = [
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
