import { describe, expect, it } from '@jest/globals';
import type { Metrics } from './summary.ts';
import { countsLine, measuredOf, timesTable, verdictTable } from './table.ts';

const TREND = { med: 1.234, 'p(95)': 12.34, 'p(99)': 123.4, max: 12_340, count: 7 };
const METRICS = {
  http_reqs: { count: 14, rate: 1.4 },
  http_req_failed: { passes: 2, fails: 12, value: 0.14 },
  http_req_duration: TREND,
  'http_req_duration{name:post image}': TREND,
  'time_to_image{tenant:studio}': TREND,
  memory_mb: { ...TREND, med: 410.2 },
  never_seen: { ...TREND, count: 0 },
  queue_full: { count: 3, rate: 0.3 },
  vus: { value: 1, min: 1, max: 2 },
} satisfies Metrics;

describe('the table', () => {
  it('has a line for each time that was measured, with its unit', () => {
    expect(timesTable(METRICS)).toEqual([
      '                               count    p(50)    p(95)   p(99)       max',
      'memory                             7   410 MB    12 MB  123 MB  12340 MB',
      'post image                         7  1.23 ms  12.3 ms  123 ms    12.3 s',
      'time to image (tenant studio)      7  1.23 ms  12.3 ms  123 ms    12.3 s',
    ]);
  });

  it('counts requests, failures, and what the scenario counts', () => {
    expect(countsLine(METRICS)).toBe('14 requests (1.4/s), 2 failed, queue full 3');
  });

  it('says of each threshold whether it held, what was measured, and why it is there', () => {
    const base = { because: 'of it', held: true, measured: 250 };
    const verdicts = [
      { ...base, metric: 'time_to_image', must: 'p(95)<300' },
      { ...base, metric: 'checks', must: 'rate==1', held: false, measured: 0.98765 },
      {
        ...base,
        metric: 'late{step:4}',
        must: 'rate<0.1',
        held: false,
        measured: 1,
        knee: { stopAfterSeconds: 1 },
      },
    ];
    expect(verdictTable(verdicts)).toEqual([
      '✓ time_to_image p(95)<300  250 ms   of it',
      '✗ checks rate==1           0.9877   of it',
      '· late{step:4} rate<0.1         1   of it',
    ]);
    expect(measuredOf({ ...base, metric: 'checks', must: 'rate==1', measured: undefined })).toBe(
      'not measured',
    );
  });
});
