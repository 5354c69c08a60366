import { describe, expect, it } from '@jest/globals';
import { planOf } from '../shapes.ts';
import { stepsOf } from '../thresholds/breakpoint.ts';
import { thresholdsOf } from '../thresholds/index.ts';
import { kneeOf, type Metrics, metricsIn, verdictsOf } from './summary.ts';

/** What k6 leaves when everything in these metrics was within its bounds, but for those named. */
function summary(
  values: Readonly<Record<string, Record<string, number>>>,
  crossed: readonly string[] = [],
): Metrics {
  const all = (['arrivals', 'breakpoint'] as const).flatMap((name) =>
    thresholdsOf(name, planOf(name).full, false),
  );
  const metrics = Object.entries(values).map(([metric, figures]) => {
    const own = all.filter((threshold) => threshold.metric === metric).map(({ must }) => must);
    const thresholds = Object.fromEntries(own.map((must) => [must, crossed.includes(metric)]));
    return [metric, { ...figures, thresholds }];
  });
  return metricsIn(JSON.stringify({ metrics: Object.fromEntries(metrics) }));
}

const GOOD = {
  http_req_failed: { passes: 0, fails: 9, value: 0 },
  checks: { passes: 9, fails: 0, value: 1 },
  dropped_iterations: { count: 0, rate: 0 },
  'http_req_duration{name:post image}': { med: 1, 'p(99)': 12, count: 9 },
  time_to_image: { med: 100, 'p(95)': 300, count: 9 },
};
const asked = (scenario: 'arrivals' | 'breakpoint') => ({
  ...{ scenario, shape: planOf(scenario).full, smoke: false, thresholds: [] },
});

describe('verdicts', () => {
  it('hold what k6 measured against each threshold', () => {
    const verdicts = verdictsOf(summary(GOOD), asked('arrivals'));
    expect(verdicts.map(({ held }) => held)).toEqual([true, true, true, true, true]);
    expect(verdicts.map(({ measured }) => measured)).toEqual([0, 1, 0, 12, 300]);
  });

  it('name what was crossed', () => {
    const verdicts = verdictsOf(summary(GOOD, ['checks']), asked('arrivals'));
    expect(verdicts.filter(({ held }) => !held)).toMatchObject([{ metric: 'checks', must: 'rate==1' }]);
  });

  it('are not held by nothing at all', () => {
    const { time_to_image: _, ...rest } = GOOD;
    const missed = (metrics: Metrics) => verdictsOf(metrics, asked('arrivals')).filter(({ held }) => !held);
    expect(missed(summary(rest))).toMatchObject([{ metric: 'time_to_image', measured: undefined }]);
    expect(missed(summary({ ...GOOD, time_to_image: { 'p(95)': 0, count: 0 } }))).toHaveLength(1);
  });

  it('ask a smoke only for what no machine excuses', () => {
    const verdicts = verdictsOf(summary(GOOD), { ...asked('arrivals'), smoke: true });
    expect(verdicts.map(({ metric }) => metric)).toEqual(['http_req_failed', 'checks']);
  });
});

describe('the knee', () => {
  const steps = stepsOf(planOf('breakpoint').full);
  const late = (shares: readonly number[]) =>
    Object.fromEntries(
      shares.map((value, at) => [`late{step:${steps[at]?.rate}}`, { passes: 0, fails: 1, value }]),
    );
  const knee = (shares: readonly number[], broken: readonly number[]) => {
    const crossed = broken.map((at) => `late{step:${steps[at]?.rate}}`);
    return kneeOf(verdictsOf(summary(late(shares), crossed), asked('breakpoint')));
  };

  it('lies between the last rate that holds and the first that does not', () => {
    expect(knee([0, 0, 0.5], [2])).toMatchObject({
      holds: { metric: 'late{step:10}' },
      breaks: { metric: 'late{step:15}', measured: 0.5 },
    });
  });

  it('may lie below or above all of them', () => {
    expect(knee([1], [0])).toMatchObject({ breaks: { metric: 'late{step:5}' } });
    expect(knee([1], [0])).not.toHaveProperty('holds');
    expect(knee(Array(8).fill(0), [])).toEqual({
      holds: expect.objectContaining({ metric: 'late{step:40}' }),
    });
  });
});
