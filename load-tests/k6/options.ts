import type { ConstantArrivalRateScenario, Options, Threshold } from 'k6/options';
import type { ScenarioName, Shape } from '../shapes.ts';
import { thresholdsOf } from '../thresholds/index.ts';
import { IS_SMOKE, MORE_THRESHOLDS } from './asked.ts';
import { LAST_JOBS_SECONDS } from './images.ts';

/** More clients at once than one k6 has the memory for. */
const MAX_VUS = 2_000;

interface Plan {
  readonly scenarios: NonNullable<Options['scenarios']>;
  /** Metrics that k6 is to tell apart by tag, beside those that thresholds name. */
  readonly apart?: readonly string[];
}

/** Options of a scenario, with its thresholds. */
export function optionsOf(name: ScenarioName, shape: Shape, { scenarios, apart = [] }: Plan): Options {
  const thresholds: Record<string, Threshold[]> = {};
  for (const metric of apart) thresholds[metric] = [];
  for (const { metric, must, knee } of thresholdsOf(name, shape, IS_SMOKE)) {
    const ends = knee ? { abortOnFail: true, delayAbortEval: `${knee.stopAfterSeconds}s` } : undefined;
    thresholds[metric] = [...(thresholds[metric] ?? []), ends ? { threshold: must, ...ends } : must];
  }
  for (const { metric, must } of MORE_THRESHOLDS) {
    thresholds[metric] = [...(thresholds[metric] ?? []), must];
  }
  return {
    scenarios,
    thresholds,
    summaryTrendStats: ['avg', 'med', 'p(95)', 'p(99)', 'max', 'count'],
    userAgent: 'genfleet-load-tests',
  };
}

/** Clients that come at a constant rate, each of which may stay for up to `staySeconds`. */
export function arriving(
  exec: string,
  { rate = 1, durationSeconds }: Shape,
  staySeconds: number,
): ConstantArrivalRateScenario {
  // k6 takes whole numbers only
  const perMinute = Math.max(1, Math.round(rate * 60));
  // all of them in advance: k6 drops who comes while it makes another one
  const vus = Math.min(MAX_VUS, Math.ceil(rate * staySeconds) + 10);
  return {
    executor: 'constant-arrival-rate',
    exec,
    rate: perMinute,
    timeUnit: '60s',
    duration: `${durationSeconds}s`,
    preAllocatedVUs: vus,
    maxVUs: vus,
    gracefulStop: `${LAST_JOBS_SECONDS}s`,
  };
}
