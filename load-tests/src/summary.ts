import type { ScenarioName, Shape } from '../shapes.ts';
import { type Threshold, thresholdsOf } from '../thresholds/index.ts';
import type { Wanted } from './words.ts';

/** Figures of one metric as k6's `--summary-export` has them; `true` at a threshold says that it was crossed. */
type Metric = Readonly<Record<string, number>> & { readonly thresholds?: Readonly<Record<string, boolean>> };

export type Metrics = Readonly<Record<string, Metric>>;

/** A threshold, and what became of it. */
export interface Verdict extends Pick<Threshold, 'metric' | 'must' | 'because' | 'knee'> {
  readonly held: boolean;
  /** In the threshold's own words; undefined when there was nothing to measure. */
  readonly measured: number | undefined;
}

/** @throws Error when the text is no summary of k6. */
export function metricsIn(text: string): Metrics {
  const { metrics } = JSON.parse(text) as { readonly metrics?: Metrics };
  if (metrics === undefined) throw new Error('k6 left a summary without metrics');
  return metrics;
}

/**
 * What became of the scenario's thresholds and of those that were asked for beside them. Of a ramp, the steps that it
 * reached.
 */
export function verdictsOf(
  metrics: Metrics,
  { scenario, shape, smoke, thresholds }: AskedFor,
): readonly Verdict[] {
  const own: readonly Threshold[] = thresholdsOf(scenario, shape, smoke);
  const wanted = thresholds.map((one) => ({ ...one, because: 'asked for with --threshold' }));
  const verdicts = [...own, ...wanted].map((threshold): Verdict => {
    const { metric, must } = threshold;
    const isCrossed = metrics[metric]?.thresholds?.[must];
    const measured = figureOf(metrics[metric], must);
    // k6 finds that nothing at all is below any bound
    return { ...threshold, measured, held: isCrossed === false && measured !== undefined };
  });
  return verdicts.filter(({ knee, measured }) => !knee || measured !== undefined);
}

interface AskedFor {
  readonly scenario: ScenarioName;
  readonly shape: Shape;
  readonly smoke: boolean;
  readonly thresholds: readonly Wanted[];
}

/** The figure that an expression is about. */
function figureOf(metric: Metric | undefined, must: string): number | undefined {
  const [word = ''] = /^[a-z]+(\([\d.]+\))?/.exec(must) ?? [];
  const { count, passes, fails } = metric ?? {};
  const isEmpty = count === 0 || (passes === 0 && fails === 0);
  if (metric === undefined || isEmpty) return word === 'count' ? (metric?.['count'] ?? 0) : undefined;
  // a rate is called value in the summary
  return metric[word] ?? (word === 'rate' ? metric['value'] : undefined);
}

/** The first threshold of a ramp that did not hold, and the last that did. */
export function kneeOf(verdicts: readonly Verdict[]): {
  readonly holds?: Verdict;
  readonly breaks?: Verdict;
} {
  const steps = verdicts.filter(({ metric }) => metric.startsWith('late{step:'));
  const at = steps.findIndex(({ held }) => !held);
  const [holds, breaks] = at === -1 ? [steps.at(-1)] : [steps[at - 1], steps[at]];
  return { ...(holds ? { holds } : {}), ...(breaks ? { breaks } : {}) };
}
