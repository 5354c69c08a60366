/**
 * `npm run simulate -- [--schedules 5000] [--from 1] [--seed n] [--without 1,2] [--mutant name] [--mutants]`: runs
 * the product's own job, worker and fold through schedules drawn from seeds, and says what was broken. Exit code 1
 * when a promise was, or when a mutant was not noticed.
 */
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { addTo, emptyTally, type Tally } from './campaign.ts';
import { MUTANTS } from './mutants.ts';
import { describeFailure, describeTally } from './report.ts';
import { runTask } from './run-task.ts';

/** A mutant that so many schedules do not expose has survived. */
const MUTANT_SCHEDULES = 600;

const { values } = parseArgs({
  options: {
    schedules: { type: 'string', default: '5000' },
    from: { type: 'string', default: '1' },
    threads: { type: 'string', default: String(Math.min(8, availableParallelism())) },
    seed: { type: 'string' },
    without: { type: 'string' },
    mutant: { type: 'string' },
    mutants: { type: 'boolean', default: false },
  },
});

const threads = whole('threads', values.threads);
if (values.seed !== undefined) await replay(whole('seed', values.seed), values.mutant);
else if (values.mutants) await tryMutants();
else await explore(whole('schedules', values.schedules), values.mutant);

/** @throws TypeError naming the option. */
function whole(name: string, text: string): number {
  const number = Number(text);
  if (Number.isSafeInteger(number) && number >= 0) return number;
  throw new TypeError(`--${name}: ${text} is not a whole number`);
}

async function replay(seed: number, mutant: string | undefined): Promise<void> {
  const without = values.without?.split(',').map((number) => whole('without', number)) ?? [];
  const explanation = await runTask({ do: 'explain', seed, mutant, without });
  console.log(describeFailure(explanation, mutant));
  if (explanation.violations.length > 0) process.exitCode = 1;
}

async function explore(schedules: number, mutant: string | undefined): Promise<void> {
  const beganMs = performance.now();
  const tally = await campaign(schedules, mutant, mutant !== undefined);
  console.log(describeTally(tally, (performance.now() - beganMs) / 1_000));
  for (const { seed, violations } of tally.failures) console.log(`\nseed ${seed}: ${violations.join('; ')}`);
  const [first] = tally.failures;
  if (!first) return;
  console.log();
  await replay(first.seed, mutant);
  process.exitCode = 1;
}

async function campaign(
  schedules: number,
  mutant: string | undefined,
  stopsAtFailure: boolean,
): Promise<Tally> {
  const firstSeed = whole('from', values.from);
  const tallies = await Promise.all(
    Array.from({ length: threads }, (_, thread) =>
      runTask({
        do: 'campaign',
        campaign: {
          firstSeed: firstSeed + thread,
          schedules: schedules - thread,
          stride: threads,
          mutant,
          stopsAtFailure,
        },
      }),
    ),
  );
  const tally = emptyTally();
  for (const one of tallies) addTo(tally, one);
  tally.failures.sort((a, b) => a.seed - b.seed);
  return tally;
}

async function tryMutants(): Promise<void> {
  const names = Object.keys(MUTANTS);
  const firstSeed = whole('from', values.from);
  const hunts = await Promise.all(
    Array.from({ length: threads }, (_, thread) => {
      const mutants = names.filter((_name, place) => place % threads === thread);
      return runTask({ do: 'hunt', mutants, firstSeed, schedules: MUTANT_SCHEDULES });
    }),
  );
  for (const { mutant, tally } of hunts.flat()) {
    const [first] = tally.failures;
    if (!first) process.exitCode = 1;
    const end = first
      ? `caught after ${tally.schedules} schedules, seed ${first.seed}: ${first.violations[0]}`
      : `SURVIVED ${tally.schedules} schedules`;
    console.log(`${mutant} (${MUTANTS[mutant]?.what})\n  ${end}`);
  }
}
