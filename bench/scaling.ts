/**
 * `node bench/scaling.ts`: what a fleet of 10, 100 and 1,000 GPUs needs, from what one of each thing costs here: CPU of a
 * POST, a poll, an event folded and a job chosen, bytes of a job in the ledger and in the view. CPU time hardly depends on
 * what else the machine does. docs/scaling.md says what follows.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { topicsOf } from '../packages/job/src/index.ts';
import { cpuTimeOf } from './cpu-time.ts';
import { postLoad } from './post-load.ts';
import { boardOf, chooseOnce } from './scheduling/one-board.ts';
import { historyBus, idOf } from './view-messages.ts';

const JOBS = 30_000;
const POLLS = 4_000;
const CHOICES = 2_000;
/** Events of a job that goes well, and days that the view reaches back. A completion that ends quickly is never claimed. */
const EVENTS = { images: 3, completions: 2 };
const VIEW_DAYS = { images: 30, completions: 1 };

/** What is assumed of the machines of a fleet, and not measured here. */
const ASSUMED = {
  /** Seconds that a GPU works on a job: an SDXL picture, a completion of 100 tokens in a batch of 16. */
  gpuSeconds: { images: 4, completions: 0.05 },
  /** A client polls once a second until its image is there. */
  pollsPerSecond: 1,
  /** Durable messages a second that one broker with its bookies takes, and bytes a second that it hands out. */
  brokerMessages: 20_000,
  brokerBytes: 500e6,
  /** Copies of each entry in BookKeeper. */
  copies: 2,
  /** A worker's sidecar, and an API replica, should use no more of a core than this. */
  coreShare: 0.6,
};

interface Units {
  readonly postUs: number;
  readonly pollUs: number;
  readonly foldUs: number;
  readonly chooseUs: { readonly small: number; readonly large: number };
  readonly jobBytes: number;
  readonly viewBytes: number;
}

const file = (name: string) => join(import.meta.dirname, name);
const directory = mkdtempSync(join(tmpdir(), 'genfleet-scaling-'));

async function start(args: readonly string[]): Promise<{ child: ChildProcess; line: string }> {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
  return { child, line };
}

async function postUs(): Promise<number> {
  const { child, line } = await start([
    file('admission/genfleet.ts'),
    'durable',
    `sqlite:${join(directory, 'post', 'fleet.db')}`,
    join(directory, 'post'),
  ]);
  const before = cpuTimeOf(child.pid ?? 0);
  const { answers } = await postLoad({
    ...{ port: Number(line), path: '/images/', connections: 16, warmUpMs: 1_000, measureMs: 3_000 },
    ...{ expectedStatus: 202, body: JSON.stringify({ generation_settings: { prompt: 'A dog' } }) },
  });
  const used = cpuTimeOf(child.pid ?? 0).allUs - before.allUs;
  child.kill('SIGKILL');
  return used / answers;
}

async function viewUnits(): Promise<Pick<Units, 'pollUs' | 'foldUs' | 'viewBytes'>> {
  const { child, line } = await start([file('view-server.ts'), String(JOBS), directory]);
  const { port, startMs, rebuildCpuMs, fileMb } = JSON.parse(line) as Record<string, number>;
  const before = cpuTimeOf(child.pid ?? 0);
  const history = { jobs: JOBS, startMs: startMs ?? 0 };
  for (let poll = 0; poll < POLLS; poll++) {
    const answer = await fetch(`http://127.0.0.1:${port}/images/${idOf(history, (poll * 7_919) % JOBS)}/`);
    if (answer.status !== 200) throw new Error(`a poll was answered ${answer.status}`);
    await answer.arrayBuffer();
  }
  const used = cpuTimeOf(child.pid ?? 0).allUs - before.allUs;
  child.kill('SIGKILL');
  return {
    pollUs: used / POLLS,
    foldUs: ((rebuildCpuMs ?? 0) * 1_000) / (JOBS * EVENTS.images),
    viewBytes: ((fileMb ?? 0) * 1_048_576) / JOBS,
  };
}

/** Bytes of a job's three events as the topics keep them. */
async function jobBytes(): Promise<number> {
  const bus = historyBus({ jobs: 1_000, startMs: Date.now() - 100_000 });
  let bytes = 0;
  for (const { topic } of topicsOf('txt2img')) {
    for await (const { messages, caughtUp } of bus.read(topic, {
      ...{ from: 'earliest', signal: new AbortController().signal },
    })) {
      for (const { key, value } of messages) bytes += key.length + Buffer.byteLength(value);
      if (caughtUp) break;
    }
  }
  return bytes / 1_000;
}

function chooseUs(workers: number, models: number, tenants: number): number {
  const board = boardOf({ workers, models, tenants, waiting: 2_000 });
  const before = process.cpuUsage();
  for (let n = 0; n < CHOICES; n++) chooseOnce(board, n);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / CHOICES;
}

function needs(units: Units, gpus: number, kind: 'images' | 'completions') {
  const jobs = gpus / ASSUMED.gpuSeconds[kind];
  const events = jobs * EVENTS[kind];
  const isImage = kind === 'images';
  const polls = isImage ? jobs * ASSUMED.gpuSeconds.images * 2 * ASSUMED.pollsPerSecond : 0;
  const requestCores = (jobs * units.postUs + polls * units.pollUs) / 1e6;
  const foldCores = (events * units.foldUs) / 1e6;
  const apis =
    foldCores < ASSUMED.coreShare
      ? Math.max(2, Math.ceil(requestCores / (ASSUMED.coreShare - foldCores)))
      : Number.NaN;
  const choose = isImage ? (jobs / gpus) * (gpus > 100 ? units.chooseUs.large : units.chooseUs.small) : 0;
  const readers = gpus + (Number.isNaN(apis) ? 1 : apis);
  const bytesPerJob = (units.jobBytes * EVENTS[kind]) / EVENTS.images;
  const bytesOut = (readers * jobs * bytesPerJob) / 1e6;
  return {
    fleet: `${gpus} GPUs, ${kind}`,
    'jobs/s': round(jobs),
    'API replicas': Number.isNaN(apis) ? 'a replica can not fold it all' : apis,
    'API cores, fold': round(foldCores),
    'sidecar core': round(foldCores + choose / 1e6),
    'messages/s': round(events),
    brokers: Math.max(
      3,
      Math.ceil(events / ASSUMED.brokerMessages),
      Math.ceil((bytesOut * 1e6) / ASSUMED.brokerBytes),
    ),
    'handed out MB/s': round(bytesOut),
    'written GB/day': round((jobs * bytesPerJob * ASSUMED.copies * 86_400) / 1e9),
    'view GB': round((jobs * units.viewBytes * 86_400 * VIEW_DAYS[kind]) / 1e9),
  };
}

const round = (value: number) => Number(value.toPrecision(2));

const units: Units = {
  postUs: await postUs(),
  ...(await viewUnits()),
  jobBytes: await jobBytes(),
  chooseUs: { small: chooseUs(10, 4, 5), large: chooseUs(1_000, 100, 10) },
};
rmSync(directory, { recursive: true, force: true });
console.log('\nMeasured here:');
console.table([
  { unit: 'a POST, all of its CPU', value: `${round(units.postUs)} µs` },
  { unit: 'a poll', value: `${round(units.pollUs)} µs` },
  { unit: 'an event folded into a view', value: `${round(units.foldUs)} µs` },
  { unit: 'a job chosen: 10 workers, 4 models, 5 tenants', value: `${round(units.chooseUs.small)} µs` },
  { unit: 'a job chosen: 1,000 workers, 100 models, 10 tenants', value: `${round(units.chooseUs.large)} µs` },
  { unit: 'an image job in the ledger, before copies', value: `${round(units.jobBytes)} bytes` },
  { unit: 'an image job in a view', value: `${round(units.viewBytes)} bytes` },
]);
console.log('What follows, one cell with everything on one set of topics:');
const sizes = [10, 100, 1_000];
console.table(sizes.flatMap((gpus) => [needs(units, gpus, 'images'), needs(units, gpus, 'completions')]));
const perJobUs =
  units.postUs +
  ASSUMED.gpuSeconds.images * 2 * units.pollUs +
  EVENTS.images * units.foldUs * 3 +
  units.chooseUs.small;
console.log(
  `Beside its ${ASSUMED.gpuSeconds.images} s of GPU an image costs about ${round(perJobUs / 1_000)} ms of CPU with two API replicas and one worker's fold.`,
);
