/**
 * `npm run bench -- [NAME…] [--list] [--out FOLDER]`: the benches of docs/performance.md one after the other, so that none
 * slows another, each in a process of its own. What a bench prints is kept in FOLDER too. Installs what those that are run
 * compare with. Ends by itself, with 1 when a bench failed; hours on two cores for all, so name what you want.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, mkdirSync, mkdtempSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

interface Bench {
  readonly about: string;
  /** What bench/setup.sh installs for it. */
  readonly beside?: readonly string[];
}

/** By the name of their file, in the order of docs/performance.md. */
const BENCHES: Readonly<Record<string, Bench>> = {
  laptop: { about: 'first picture, memory and polls of `npm start`' },
  memory: { about: 'resident memory of API and worker, idle' },
  view: { about: 'a poll with a million jobs in the view beside a thousand' },
  ledger: { about: 'the named queries over a million jobs in DuckDB beside the bus’s file' },
  'ledger-trino': { about: 'a job by its id in Trino at three sizes, beside the view' },
  archive: { about: 'a million jobs archived, beside the rate they are published at, and asked' },
  worker: { about: 'how busy the worker keeps its engine' },
  overhead: { about: 'what the system adds around an engine' },
  completions: { about: 'completions beside Portkey and LiteLLM', beside: ['node', 'litellm'] },
  'completion-streams': { about: 'memory over 10,000 streams, and what hang-ups leave behind' },
  'code-model': { about: 'tokens a second of the demo model' },
  admission: { about: 'durable admission beside BullMQ', beside: ['node'] },
  'admission-pulsar': { about: 'durable admission on Pulsar beside its client alone', beside: ['node'] },
  peers: {
    about: 'jobs and images beside BullMQ, Celery, Temporal, BentoML and Ray Serve',
    beside: ['node', 'celery', 'temporal', 'bentoml', 'ray', 'litellm'],
  },
  scheduling: { about: 'the choice of jobs, simulated' },
  'scheduling-real': { about: 'the choice of jobs by three workers' },
  verify: { about: 'how fast `genfleet verify` reads' },
  scaling: { about: 'unit costs, and what a fleet needs' },
  'bus-sqlite': { about: 'the embedded bus beside a bare append and sync' },
};

async function run(name: string, folder: string): Promise<boolean> {
  const load = loadavg()[0] ?? 0;
  const startedMs = performance.now();
  process.stdout.write(`\n━━ ${name}, at a load of ${load.toFixed(1)}\n`);
  const script = fileURLToPath(new URL(`${name}.ts`, import.meta.url));
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const kept = createWriteStream(join(folder, `${name}.txt`));
  child.stdout.pipe(process.stdout, { end: false });
  child.stdout.pipe(kept);
  const [code] = await once(child, 'close');
  const took = Math.round((performance.now() - startedMs) / 1_000);
  process.stdout.write(`━━ ${name} ${code === 0 ? 'took' : `ended with ${code} after`} ${took} s\n`);
  return code === 0;
}

function setUp(peers: readonly string[]): void {
  if (peers.length === 0) return;
  const setup = fileURLToPath(new URL('setup.sh', import.meta.url));
  const { status } = spawnSync('bash', [setup, ...new Set(peers)], { stdio: 'inherit' });
  if (status !== 0) throw new Error('could not install what the benches compare with');
}

const { values, positionals } = parseArgs({
  options: { list: { type: 'boolean', default: false }, out: { type: 'string' } },
  allowPositionals: true,
});
const unknown = positionals.filter((name) => !Object.hasOwn(BENCHES, name));
if (values.list || unknown.length > 0) {
  for (const name of unknown) process.stderr.write(`there is no bench ${name}\n`);
  for (const [name, { about }] of Object.entries(BENCHES)) console.log(`${name.padEnd(20)} ${about}`);
  process.exitCode = unknown.length > 0 ? 2 : 0;
} else {
  const names = positionals.length > 0 ? positionals : Object.keys(BENCHES);
  setUp(names.flatMap((name) => BENCHES[name]?.beside ?? []));
  const folder = values.out ?? mkdtempSync(join(tmpdir(), 'genfleet-bench-'));
  mkdirSync(folder, { recursive: true });
  const failed: string[] = [];
  for (const name of names) if (!(await run(name, folder))) failed.push(name);
  console.log(
    `\nwhat they printed is in ${folder}${failed.length > 0 ? `; failed: ${failed.join(', ')}` : ''}`,
  );
  process.exitCode = failed.length > 0 ? 1 : 0;
}
