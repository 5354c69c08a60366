/**
 * `node bench/admission.ts`: durable jobs per second through `POST /images/` at 64 connections, beside the same
 * handler that publishes nothing, and beside Express with BullMQ on Redis with `appendfsync always`. All three
 * run in one go, in turn, so that a busy machine slows them alike; the ratios are what counts.
 * Before: bash bench/setup.sh
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { provide } from '../tools/provision/components.ts';
import { cpuTimeOf } from './cpu-time.ts';
import { type LoadResult, postLoad } from './post-load.ts';

const ROUNDS = 5;
const LOAD = {
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
const WANTED = { undurable: 0.7, bullmq: 2 };

interface Contender {
  readonly name: string;
  readonly port: number;
  readonly process: ChildProcess;
  readonly results: LoadResult[];
}

async function start(name: string, args: readonly string[]): Promise<Contender> {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  // also when the bench fails
  process.on('exit', () => child.kill('SIGKILL'));
  const lines = createInterface(child.stdout);
  const [line] = (await Promise.race([
    once(lines, 'line'),
    once(child, 'exit').then(([code]) => Promise.reject(new Error(`${name} ended with ${code}`))),
  ])) as [string];
  lines.on('line', (warning) => console.error(`${name}: ${warning}`));
  return { name, port: Number(line), process: child, results: [] };
}

/** The median of the rounds: one that was disturbed does not count. */
function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

const file = (name: string) => join(import.meta.dirname, name);
if (!existsSync(file('node_modules/bullmq'))) {
  throw new Error('The peers are not installed; run: bash bench/setup.sh');
}
const redis = await provide('redis');
if ('missing' in redis) throw new Error(`Redis is missing: ${redis.missing}`);

const directory = mkdtempSync(join(tmpdir(), 'genfleet-bench-'));
const contenders = {
  durable: await start('genfleet', [file('admission-genfleet.ts'), 'durable', join(directory, 'durable')]),
  undurable: await start('same handler, nothing published', [
    file('admission-genfleet.ts'),
    'undurable',
    join(directory, 'undurable'),
  ]),
  bullmq: await start('express + bullmq, appendfsync always', [file('admission-bullmq.mjs'), redis.url]),
};

for (let round = 1; round <= ROUNDS; round++) {
  for (const contender of Object.values(contenders)) {
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
}
for (const contender of Object.values(contenders)) contender.process.kill('SIGKILL');
rmSync(directory, { recursive: true, force: true });

const rate = (contender: Contender) => median(contender.results.map((result) => result.perSecond));
/** The ratio of each round, and their median: neighbours in time are compared. */
function ratioTo(other: Contender): number {
  return median(
    contenders.durable.results.map(
      ({ perSecond }, round) => perSecond / (other.results[round]?.perSecond ?? 0),
    ),
  );
}
console.log(`\nMedian of ${ROUNDS} rounds, ${LOAD.connections} connections:`);
for (const contender of Object.values(contenders)) {
  console.log(`  ${contender.name.padEnd(38)} ${rate(contender).toFixed(0)} jobs/s`);
}
for (const name of ['undurable', 'bullmq'] as const) {
  const ratio = ratioTo(contenders[name]);
  const verdict = ratio >= WANTED[name] ? 'met' : 'missed';
  console.log(
    `  genfleet / ${contenders[name].name}: ${ratio.toFixed(2)} (wanted ${WANTED[name]}: ${verdict})`,
  );
}
// leases on Redis end with this process
process.exit(0);
