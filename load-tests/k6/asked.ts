import { planOf, type ScenarioName, type Shape } from '../shapes.ts';

/** What the environment asks of a scenario: `npm run load` sets it, and `k6 run` takes it from the shell. */
const env = (name: string) => __ENV[name] || undefined;

const given = (name: string): number | undefined => {
  const text = env(name);
  return text === undefined ? undefined : Number(text);
};

/** Where the API is, without a trailing slash. */
export const BASE_URL = (env('BASE_URL') ?? 'http://127.0.0.1:8000').replace(/\/+$/, '');

export const IS_SMOKE = env('LOAD_SMOKE') === '1';

/** Names what this run makes, so that it can be told from what else the fleet does. */
export const RUN = env('LOAD_RUN') ?? `load-${Date.now()}`;

/** Whether receipts are to be printed, for `genfleet verify`. */
export const KEEPS_RECEIPTS = env('LOAD_RECEIPTS') === '1';

/** Who the load comes from, where that makes a difference. */
export const TENANTS = ['artists', 'studio', 'editors'] as const;
export type Tenant = (typeof TENANTS)[number];

/** The header in which the API is told the tenant (its `TENANT_HEADER`), where it takes one. */
export const TENANT_HEADER = env('LOAD_TENANT_HEADER');

/** Bearer tokens, one for each tenant in turn; none where the API asks for none. */
export const TOKENS: readonly string[] = (env('LOAD_TOKENS') ?? '')
  .split(',')
  .filter((token) => token !== '');

/** Thresholds beside the scenario's own. */
export const MORE_THRESHOLDS = JSON.parse(env('LOAD_THRESHOLDS') ?? '[]') as readonly {
  readonly metric: string;
  readonly must: string;
}[];

/** The scenario's shape, with what was asked otherwise. */
export function shapeOf(name: ScenarioName): Required<Shape> {
  const plan = planOf(name);
  const { durationSeconds, rate = 1, vus = 1 } = IS_SMOKE ? plan.smoke : plan.full;
  return {
    durationSeconds: given('LOAD_DURATION_SECONDS') ?? durationSeconds,
    rate: given('LOAD_RATE') ?? rate,
    vus: given('LOAD_VUS') ?? vus,
  };
}
