import { parseArgs } from 'node:util';
import { planOf, SCENARIOS, type ScenarioName, type Shape } from '../shapes.ts';

/** A threshold of the user's own. */
export interface Wanted {
  readonly metric: string;
  readonly must: string;
}

/** What `npm run load` was asked to do. */
export interface LoadWords {
  readonly scenario: ScenarioName;
  readonly shape: Shape;
  readonly smoke: boolean;
  readonly thresholds: readonly Wanted[];
  /** Start the product over a real Pulsar and a real S3. */
  readonly fleet: boolean;
  /** Folder for reports. */
  readonly reports?: string;
}

const SECONDS = { s: 1, m: 60, h: 3_600 } as const;
const DURATION = /^(\d{1,6}(?:\.\d{1,3})?)([smh])$/;
const NUMBER = /^\d{1,6}(?:\.\d{1,3})?$/;
const WANTED = /^(\w+(?:\{[^}]+\})?):(.+)$/;
const EXPRESSION =
  /^(?:p\(\d+(?:\.\d+)?\)|avg|min|med|max|count|rate|value)\s*(?:<=?|>=?|===?|!=)\s*-?\d+(?:\.\d+)?$/;

/** @returns what the words mean, or why nobody understands them, in one line. */
export function readLoadWords(words: readonly string[]): LoadWords | string {
  const parsed = parse(words);
  if (typeof parsed === 'string') return parsed;
  const { values, positionals } = parsed;
  const [name, ...rest] = positionals;
  const scenario = SCENARIOS.find((one) => one === name);
  const choice = `one of: ${SCENARIOS.join(', ')}`;
  if (name === undefined) return `which scenario? ${choice}`;
  if (scenario === undefined) return `there is no scenario ${name}; it is ${choice}`;
  if (rest.length > 0) return `one scenario at a time: ${rest[0]} is one too many`;
  const { smoke = false, fleet = false, threshold = [], reports } = values;
  const shape = shapeFrom(scenario, smoke, values);
  if (typeof shape === 'string') return shape;
  const thresholds = threshold.map(wantedIn);
  const fault = thresholds.indexOf(undefined);
  if (fault !== -1)
    return `--threshold is METRIC:EXPRESSION, like http_req_duration:p(95)<250, and not ${threshold[fault]}`;
  return {
    scenario,
    shape,
    smoke,
    fleet,
    thresholds: thresholds.filter((one) => one !== undefined),
    ...(reports === undefined ? {} : { reports }),
  };
}

function parse(words: readonly string[]) {
  try {
    const text = { type: 'string' } as const;
    const options = {
      duration: text,
      rate: text,
      vus: text,
      reports: text,
      threshold: { type: 'string', multiple: true },
      smoke: { type: 'boolean' },
      fleet: { type: 'boolean' },
    } as const;
    return parseArgs({ args: [...words], options, strict: true, allowPositionals: true });
  } catch (error) {
    // the lines after the first are advice
    return String(error instanceof Error ? error.message : error).split('\n')[0] ?? '';
  }
}

interface Asked {
  readonly duration?: string;
  readonly rate?: string;
  readonly vus?: string;
}

/** The scenario's shape with what was asked for in place of its own. */
function shapeFrom(scenario: ScenarioName, smoke: boolean, { duration, rate, vus }: Asked): Shape | string {
  const plan = planOf(scenario);
  const own = smoke ? plan.smoke : plan.full;
  if (rate !== undefined && own.rate === undefined)
    return `${scenario} takes no --rate: its clients wait for answers`;
  if (vus !== undefined && own.vus === undefined)
    return `${scenario} takes no --vus: its clients come at a --rate`;
  const [, amount, unit = 's'] = DURATION.exec(duration ?? '') ?? [];
  if (duration !== undefined && !(Number(amount) > 0))
    return `--duration is a time like 30s, 5m or 1h, and not ${duration}`;
  if (rate !== undefined && !(NUMBER.test(rate) && Number(rate) > 0))
    return `--rate is arrivals a second, and not ${rate}`;
  if (vus !== undefined && !/^[1-9]\d{0,3}$/.test(vus))
    return `--vus is a number of clients from 1 to 9999, and not ${vus}`;
  return {
    ...own,
    ...(duration === undefined
      ? {}
      : { durationSeconds: Number(amount) * SECONDS[unit as keyof typeof SECONDS] }),
    ...(rate === undefined ? {} : { rate: Number(rate) }),
    ...(vus === undefined ? {} : { vus: Number(vus) }),
  };
}

function wantedIn(text: string): Wanted | undefined {
  const [, metric = '', must = ''] = WANTED.exec(text) ?? [];
  return EXPRESSION.test(must) ? { metric, must } : undefined;
}
