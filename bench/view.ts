/**
 * `node bench/view.ts`: what a million jobs in the view cost beside a thousand: polls over HTTP and questions
 * asked of the view itself, memory, the time to build it from nothing. Both servers run side by side and are
 * polled in turn, so that a busy machine slows them alike; the ratios are what counts.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { Agent, get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { idOf } from './view-messages.ts';

const SMALL = 1_000;
const LARGE = Number(process.argv[2] ?? 1_000_000);
const ROUNDS = 40;
const POLLS = 250;
const WANTED = { ratio: 1.3, residentMb: 200 };
const SERVER = fileURLToPath(new URL('view-server.ts', import.meta.url));

interface Ready {
  readonly port: number;
  readonly startMs: number;
  readonly rebuildMs: number;
  readonly rebuildCpuMs: number;
  readonly fileMb: number;
}

type Measured = Readonly<
  Record<
    'residentMb' | 'jobUs' | 'idUs' | 'listUs' | 'groupingUs' | 'filteredUs' | 'countUs' | 'positionUs',
    number
  >
>;

class Contender {
  readonly jobs: number;
  readonly polls: number[] = [];
  readonly measured: Measured[] = [];
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });
  readonly #child: ChildProcess;
  readonly #lines: Interface;
  ready: Ready = { port: 0, startMs: 0, rebuildMs: 0, rebuildCpuMs: 0, fileMb: 0 };

  constructor(jobs: number, directory: string) {
    this.jobs = jobs;
    const args = ['--disable-warning=ExperimentalWarning', SERVER, String(jobs), directory];
    this.#child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    if (!this.#child.stdout) throw new TypeError('no output to read');
    this.#lines = createInterface(this.#child.stdout);
  }

  async start(): Promise<void> {
    this.ready = await this.#answer<Ready>();
  }

  async #answer<T>(): Promise<T> {
    const exit = once(this.#child, 'exit').then(([code]) =>
      Promise.reject(new Error(`a server ended with ${code}`)),
    );
    const [line] = (await Promise.race([once(this.#lines, 'line'), exit])) as [string];
    return JSON.parse(line) as T;
  }

  async measure(): Promise<void> {
    this.#child.stdin?.write('measure\n');
    this.measured.push(await this.#answer<Measured>());
  }

  async poll(round: number): Promise<void> {
    for (let poll = 0; poll < POLLS; poll++) {
      const n = Math.floor(((round * POLLS + poll) * 0.618_033_988_7 * this.jobs) % this.jobs);
      const path = `/images/${idOf({ jobs: this.jobs, startMs: this.ready.startMs }, n)}/`;
      const fromMs = performance.now();
      await this.#get(path);
      this.polls.push(performance.now() - fromMs);
    }
  }

  #get(path: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const request = get(
        { agent: this.#agent, host: '127.0.0.1', port: this.ready.port, path },
        (answer) => {
          if (answer.statusCode !== 200) reject(new Error(`${path} answered ${answer.statusCode}`));
          answer.resume().on('end', resolve);
        },
      );
      request.on('error', reject);
    });
  }

  async stop(): Promise<void> {
    this.#agent.destroy();
    if (this.#child.exitCode !== null) return;
    this.#child.stdin?.write('stop\n');
    await once(this.#child, 'exit');
  }
}

function at(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length * share)] ?? Number.NaN;
}

function report(small: Contender, large: Contender): boolean {
  const row = (name: string, value: (contender: Contender) => number, digits = 1) => {
    const [a, b] = [value(small), value(large)];
    console.log(`| ${name} | ${a.toFixed(digits)} | ${b.toFixed(digits)} | ${(b / a).toFixed(2)} |`);
    return b / a;
  };
  const asked = (key: keyof Measured) => (contender: Contender) =>
    at(
      contender.measured.map((one) => one[key]),
      0.5,
    );
  console.log(`\n| | ${SMALL} jobs | ${LARGE} jobs | ratio |\n| --- | --- | --- | --- |`);
  const ratio = row('poll over HTTP, p50, ms', ({ polls }) => at(polls, 0.5), 3);
  row('poll over HTTP, p99, ms', ({ polls }) => at(polls, 0.99), 3);
  row('`job(id)`, µs', (contender) => asked('jobUs')(contender) - asked('idUs')(contender));
  row('newest 20 of all, µs', asked('listUs'));
  row('newest 20 of a grouping, µs', asked('groupingUs'));
  row('newest 20 completed of a model and tenant, µs', asked('filteredUs'));
  row('count of a status, µs', asked('countUs'));
  row('position of the last in line, µs', asked('positionUs'));
  row('resident, MB', asked('residentMb'));
  row('file, MB', ({ ready }) => ready.fileMb);
  row('built from nothing, s', ({ ready }) => ready.rebuildMs / 1_000);
  row('CPU for that, s', ({ ready }) => ready.rebuildCpuMs / 1_000);
  const residentMb = Math.max(...[small, large].map(asked('residentMb')));
  console.log(`\npoll ratio ${ratio.toFixed(2)}, wanted at most ${WANTED.ratio}`);
  console.log(`resident ${residentMb.toFixed(0)} MB, wanted under ${WANTED.residentMb}`);
  return ratio <= WANTED.ratio && residentMb < WANTED.residentMb;
}

const directory = mkdtempSync(join(tmpdir(), 'genfleet-bench-view-'));
const [small, large] = [new Contender(SMALL, directory), new Contender(LARGE, directory)];
try {
  await small.start();
  console.log(`building the view of ${LARGE} jobs`);
  await large.start();
  for (let round = 0; round < ROUNDS; round++) {
    // whoever is first has the warmer cache: they take turns
    for (const contender of round % 2 === 0 ? [small, large] : [large, small]) await contender.poll(round);
    if (round % 10 === 9) for (const contender of [small, large]) await contender.measure();
  }
  process.exitCode = report(small, large) ? 0 : 1;
} finally {
  await Promise.all([small.stop(), large.stop()]);
  rmSync(directory, { recursive: true, force: true });
}
