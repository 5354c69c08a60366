/**
 * How a fleet serves a trace of requests first come first served, and by the rules of `packages/scheduling`: the same
 * arrivals, in virtual time. Run: node bench/scheduling.ts [--seed 2] [--trace recorded.jsonl --workers 3 --load-ms 4000]
 */
import { parseArgs } from 'node:util';
import { type Figures, figuresOf } from './scheduling/figures.ts';
import { type Fleet, SimulatedFleet } from './scheduling/fleet.ts';
import { boardOf, chooseOnce } from './scheduling/one-board.ts';
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

const CHOICES = 5_000;
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

function row(discipline: Fleet['discipline'], { workers, loadMs, arrivals }: Case) {
  const startUs = process.cpuUsage().user;
  const rules = { lagMs: 20, patienceMs: 60_000, weights: {}, discipline };
  const fleet = new SimulatedFleet({ workers, loadMs, ...rules });
  const figures: Figures = figuresOf(fleet.run(arrivals), workers);
  return {
    discipline,
    'swaps/job': Number(figures.swapsPerJob.toFixed(3)),
    'p50 wait s': seconds(figures.p50WaitMs),
    'p99 wait s': seconds(figures.p99WaitMs),
    'high p99 s': seconds(figures.highP99WaitMs),
    Jain: Number(figures.jain.toFixed(3)),
    'done after s': seconds(figures.makespanMs),
    'in 80 % range': figures.coverage === undefined ? '–' : `${(100 * figures.coverage).toFixed(0)} %`,
    'range width': figures.rangeWidth === undefined ? '–' : `×${figures.rangeWidth.toFixed(1)}`,
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

/** CPU of one choice, of 10,000 jobs that wait, in µs. */
function choiceUs(tenants: number, models: number): number {
  const board = boardOf({ workers: 1_000, models, tenants, waiting: 10_000 });
  for (let n = 0; n < CHOICES; n++) chooseOnce(board, n);
  const before = process.cpuUsage().user;
  for (let n = 0; n < CHOICES; n++) chooseOnce(board, n);
  return (process.cpuUsage().user - before) / CHOICES;
}

console.log('\nA choice of 10,000 jobs that wait, µs of CPU:');
const crowds = [
  [1, 1],
  [100, 1],
  [100, 20],
  [100, 200],
] as const;
console.table(
  crowds.map(([tenants, models]) => ({ tenants, models, µs: Number(choiceUs(tenants, models).toFixed(1)) })),
);
