import { describe, expect, it } from '@jest/globals';
import { sumsIn } from './prometheus.ts';

const TEXT = `# HELP genfleet_jobs Jobs that wait and that run, by model
# TYPE genfleet_jobs gauge
genfleet_jobs{model="a {b}",state="queued"} 3
genfleet_jobs{model="a {b}",state="running"} 1
process_resident_memory_bytes 2.5e+8
nodejs_eventloop_lag_seconds NaN
`;

describe('the text format of Prometheus', () => {
  it('is read by name, summed over labels', () => {
    const sums = sumsIn(TEXT);
    expect(sums.get('genfleet_jobs')).toBe(4);
    expect(sums.get('process_resident_memory_bytes')).toBe(2.5e8);
    expect(sums.get('nodejs_eventloop_lag_seconds')).toBeNaN();
    expect(sums.size).toBe(3);
  });
});
