import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { cpuTimeOf } from '../cpu-time.ts';
import { type LoadResult, postLoad } from '../post-load.ts';

export const ROUNDS = 5;
export const LOAD = {
  path: '/images/',
  connections: 64,
  warmUpMs: 1_000,
  measureMs: 4_000,
  expectedStatus: 202,
  // the seed's own request
  body: JSON.stringify({
    metadata: { grouping: 'grp3' },
    generation_settings: {
      model: 'v1-5-pruned-emaonly',
      prompt: 'A dog',
      negative_prompt: '',
      sampler_name: 'euler',
      batch_size: 1,
      n_iters: 1,
      steps: 5,
      cfg_scale: 7,
      width: 512,
      height: 512,
    },
  }),
};

export interface Measured {
  readonly name: string;
  /** One for each round. */
  readonly results: Pick<LoadResult, 'perSecond'>[];
}

export interface Contender extends Measured {
  readonly port: number;
  readonly process: ChildProcess;
}

/** A server that prints its port, as a process of its own; ends with this one. */
export async function start(name: string, program: string, args: readonly string[]): Promise<Contender> {
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', join(import.meta.dirname, program), ...args],
    {
      stdio: ['pipe', 'pipe', 'inherit'],
    },
  );
  // also when the bench fails
  process.on('exit', () => child.kill('SIGKILL'));
  const lines = createInterface(child.stdout);
  const [line] = (await Promise.race([
    once(lines, 'line'),
    once(child, 'exit').then(([code]) => Promise.reject(new Error(`${name} ended with ${code}`))),
  ])) as [string];
  lines.close();
  child.stdout.resume();
  return { name, port: Number(line), process: child, results: [] };
}

/** The median of the rounds: one that was disturbed does not count. */
function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

/** One round of load on one of them; its figures are printed and kept. */
export async function measure(contender: Contender, round: number): Promise<void> {
  const pid = contender.process.pid ?? 0;
  const before = cpuTimeOf(pid);
  const result = await postLoad({ ...LOAD, port: contender.port });
  const after = cpuTimeOf(pid);
  contender.results.push(result);
  const { perSecond, p50Ms, p99Ms, answers } = result;
  const mainUs = (after.mainUs - before.mainUs) / answers;
  const allUs = (after.allUs - before.allUs) / answers;
  const cpu = `CPU ${mainUs.toFixed(0)} µs a job on the main thread, ${allUs.toFixed(0)} in all`;
  const figures = `${perSecond.toFixed(0)} jobs/s, p50 ${p50Ms.toFixed(1)} ms, p99 ${p99Ms.toFixed(1)} ms, ${cpu}`;
  console.log(`round ${round}  ${contender.name.padEnd(38)} ${figures}`);
}

/** The ratio of each round, and their median: neighbours in time are compared. */
function ratio(mine: Measured['results'], others: Measured['results']): number {
  return median(mine.map(({ perSecond }, round) => perSecond / (others[round]?.perSecond ?? 0)));
}

/** Their rates, and mine beside each that a goal is set for. */
export function report(mine: Measured, others: readonly (Measured & { readonly wanted: number })[]): void {
  console.log(`\nMedian of ${ROUNDS} rounds, ${LOAD.connections} at once:`);
  for (const { name, results } of [mine, ...others]) {
    console.log(
      `  ${name.padEnd(38)} ${median(results.map(({ perSecond }) => perSecond)).toFixed(0)} jobs/s`,
    );
  }
  for (const { name, results, wanted } of others) {
    const value = ratio(mine.results, results);
    const verdict = value >= wanted ? 'met' : 'missed';
    console.log(`  ${mine.name} / ${name}: ${value.toFixed(2)} (wanted ${wanted}: ${verdict})`);
  }
}
