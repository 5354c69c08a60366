/**
 * How a fleet serves a trace of requests first come first served, and by the rules of `packages/scheduling`: the same
 * arrivals, in virtual time. Run: node bench/scheduling.ts [--seed 2] [--trace recorded.jsonl --workers 3 --load-ms 4000]
 */
import { parseArgs } from 'node:util';
import { type Figures, figuresOf } from './scheduling/figures.ts';
import { type Fleet, SimulatedFleet } from './scheduling/fleet.ts';
import { boardOf, chooseOnce, idsOn } from './scheduling/one-board.ts';
import { type Arrival, type Mix, readTrace, synthesize } from './scheduling/trace.ts';

const { values } = parseArgs({
  options: {
    trace: { type: 'string' },
    workers: { type: 'string', default: '3' },
    'load-ms': { type: 'string', default: '4000' },
    cases: { type: 'string', default: '8' },
    seed: { type: 'string', default: '1' },
  },
});

const QUESTIONS = 5_000;
const NORMAL = { high: 0, normal: 1, low: 0 };
const MIXED = { high: 0.1, normal: 0.7, low: 0.2 };
const base: Mix = {
  jobs: 3_000,
  perSecond: 1,
  burst: 1,
  models: 4,
  tenants: { a: 1, b: 1, c: 1 },
  priorities: NORMAL,
  meanRunMs: 2_000,
  seed: Number(values.seed),
};

interface Case {
  readonly name: string;
  readonly workers: number;
  readonly loadMs: number;
  readonly arrivals: readonly Arrival[];
}

const CASES: readonly Case[] =
  values.trace === undefined
    ? [
        of('4 models, steady', 3, 8_000, { perSecond: 0.9 }),
        of('4 models, bursts of 40', 3, 8_000, { perSecond: 0.8, burst: 40 }),
        of('one tenant sends 90 %', 3, 0, { perSecond: 1.6, tenants: { a: 18, b: 1, c: 1 }, models: 1 }),
        of('three priorities', 3, 8_000, { perSecond: 0.85, priorities: MIXED }),
        of('40 models', 100, 15_000, { jobs: 20_000, perSecond: 18, models: 40, priorities: MIXED }),
        of('200 models', 1_000, 30_000, { jobs: 40_000, perSecond: 150, models: 200, priorities: MIXED }),
        of('200 models', 2_000, 30_000, { jobs: 12_000, perSecond: 300, models: 200, priorities: MIXED }),
        of('200 models', 4_000, 30_000, { jobs: 24_000, perSecond: 600, models: 200, priorities: MIXED }),
      ]
    : [
        {
          name: values.trace,
          workers: Number(values.workers),
          loadMs: Number(values['load-ms']),
          arrivals: readTrace(values.trace),
        },
      ];

function of(name: string, workers: number, loadMs: number, mix: Partial<Mix>): Case {
  return { name, workers, loadMs, arrivals: synthesize({ ...base, ...mix }) };
}

const seconds = (ms: number | undefined) => (ms === undefined ? '–' : (ms / 1_000).toFixed(1));

const percent = (share: number | undefined) => (share === undefined ? '–' : `${(100 * share).toFixed(0)} %`);

function row(discipline: Fleet['discipline'], { workers, loadMs, arrivals }: Case) {
  const startUs = process.cpuUsage().user;
  const rules = { lagMs: 20, patienceMs: 60_000, weights: {}, discipline };
  const fleet = new SimulatedFleet({ workers, loadMs, ...rules });
  const figures: Figures = figuresOf(fleet.run(arrivals));
  const ranges = fleet.forecasts.figures;
  return {
    discipline,
    'swaps/job': Number(figures.swapsPerJob.toFixed(3)),
    'p50 wait s': seconds(figures.p50WaitMs),
    'p99 wait s': seconds(figures.p99WaitMs),
    'high p99 s': seconds(figures.highP99WaitMs),
    Jain: Number(figures.jain.toFixed(3)),
    'done after s': seconds(figures.makespanMs),
    'in 80 % range': percent(ranges.coverage),
    'range width': ranges.width === undefined ? '–' : `×${ranges.width.toFixed(1)}`,
    'range said': percent(ranges.saidShare),
    'claims per job': Number((1 + fleet.lostClaims / arrivals.length).toFixed(3)),
    'cpu s': seconds((process.cpuUsage().user - startUs) / 1_000),
  };
}

for (const one of CASES.slice(0, Number(values.cases))) {
  console.log(
    `\n${one.name}: ${one.workers} workers, ${one.arrivals.length} jobs, ${one.loadMs / 1_000} s to load a model`,
  );
  console.table([row('fifo', one), row('genfleet', one)]);
}

/** CPU of one question, in µs. */
function meanUs(question: (n: number) => unknown): number {
  for (let n = 0; n < QUESTIONS; n++) question(n);
  const before = process.cpuUsage().user;
  for (let n = 0; n < QUESTIONS; n++) question(n);
  return Number(((process.cpuUsage().user - before) / QUESTIONS).toFixed(1));
}

/** A worker's choice, and where a job stands, which each forecast asks. */
function costs(tenants: number, models: number) {
  const board = boardOf({ workers: 1_000, models, tenants, waiting: 10_000 });
  const ids = idsOn(board);
  return {
    tenants,
    models,
    'choice µs': meanUs((n) => chooseOnce(board, n)),
    'standing µs': meanUs((n) => board.standing(ids[n % ids.length] ?? '')),
  };
}

console.log('\n10,000 jobs wait, µs of CPU:');
console.table([costs(1, 1), costs(100, 1), costs(100, 20), costs(100, 200)]);
