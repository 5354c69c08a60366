/**
 * The archive: how fast the recorder writes it, against how fast the embedded bus takes the same messages, from as many
 * callers as `bench/admission.ts` has, each of which waits for its publish to be durable, and from one that has 2,000 on the
 * way at once; what the recorder holds in memory; and the named queries over nothing but the archive, in DuckDB.
 * Run: node bench/archive.ts [jobs]
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { openFileObjects } from '../packages/artifacts-file/src/index.ts';
import { fleetTopics } from '../packages/bus/src/index.ts';
import { openSqliteBus } from '../packages/bus-sqlite/src/index.ts';
import { encodeEvent, topicOf } from '../packages/job/src/index.ts';
import { NAMED_QUERIES, namedQuery } from '../packages/ledger/src/index.ts';
import { openDuckdbLedger } from '../packages/ledger-duckdb/src/index.ts';
import { bundleService } from '../tools/bundle.ts';
import { linkInstalled } from '../tools/link-installed.ts';
import { freePorts } from '../tools/provision/free-port.ts';
import { eventsOf, idOf } from './job-history.ts';

const ROOT = new URL('..', import.meta.url).pathname;
const jobs = Number(process.argv[2] ?? 1_000_000);
const AT_ONCE = 2_000;
const CALLERS = 64;
/** Jobs whose messages the callers publish. */
const CALLERS_JOBS = 50_000;
/** Short, so that the last window is over soon. */
const INTERVAL_SECONDS = 5;
const folder = mkdtempSync(join(process.env['TMPDIR'] ?? tmpdir(), 'genfleet-bench-'));
const file = join(folder, 'fleet.db');
const archive = join(folder, 'archive');

async function publishAll(): Promise<number> {
  const bus = await openSqliteBus({ file });
  await bus.ensureTopics(fleetTopics());
  let events = 0;
  for (let first = 0; first < jobs; first += AT_ONCE) {
    const count = Math.min(AT_ONCE, jobs - first);
    const group = Array.from({ length: count }, (_, n) => eventsOf(first + n)).flat();
    events += group.length;
    await Promise.all(
      group.map(async (event) => {
        const producer = await bus.producer(topicOf(event.type, event.kind));
        await producer.send({ key: event.id, value: encodeEvent(event) });
      }),
    );
  }
  await bus.close();
  return events;
}

/** As clients do: each of them publishes its next message when the last is on the disk. @returns messages a second. */
async function publishSingly(): Promise<number> {
  const bus = await openSqliteBus({ file: join(folder, 'singly.db') });
  await bus.ensureTopics(fleetTopics());
  const events = Array.from({ length: Math.min(jobs, CALLERS_JOBS) }, (_, n) => eventsOf(n)).flat();
  let next = 0;
  const caller = async () => {
    for (let event = events[next++]; event; event = events[next++]) {
      const producer = await bus.producer(topicOf(event.type, event.kind));
      await producer.send({ key: event.id, value: encodeEvent(event) });
    }
  };
  const startMs = performance.now();
  await Promise.all(Array.from({ length: CALLERS }, caller));
  const perSecond = (events.length * 1_000) / (performance.now() - startMs);
  await bus.close();
  return perSecond;
}

interface Recorded {
  readonly seconds: number;
  readonly peakMb: number;
  readonly files: number;
  readonly mb: number;
}

/** Runs a recorder until so many messages are in files; without its start, and without the wait for the last window. */
async function record(events: number): Promise<Recorded> {
  const [port = 0] = await freePorts(1);
  const bundle = await bundleService('recorder', join(ROOT, 'dist', basename(folder)));
  linkInstalled(bundle);
  // as its image starts it
  const flags = ['--max-semi-space-size=8', '--heap-growing-percent=60', '--import', './register.js'];
  const recorder = spawn(process.execPath, [...flags, 'main.js'], {
    cwd: bundle,
    env: {
      MALLOC_ARENA_MAX: '2',
      ...{ PATH: process.env['PATH'] ?? '', DATA_DIR: folder, BUS_URL: `sqlite:${file}`, LOG_LEVEL: 'warn' },
      ...{ ARCHIVE_URL: `file:${archive}`, ARCHIVE_INTERVAL_SECONDS: String(INTERVAL_SECONDS) },
      RECORDER_PORT: String(port),
    },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const sum = (metrics: string, name: string) =>
    [...metrics.matchAll(new RegExp(`^genfleet_archive_${name}_total\\{.*\\} (\\d+)`, 'gm'))].reduce(
      (total, [, value]) => total + Number(value),
      0,
    );
  const ask = async () =>
    await fetch(`http://127.0.0.1:${port}/metrics`).then(
      (answer) => answer.text(),
      () => undefined,
    );
  let startMs: number | undefined;
  for (;;) {
    await sleep(50);
    const metrics = await ask();
    if (metrics === undefined) continue;
    startMs ??= performance.now();
    if (sum(metrics, 'messages') < events) continue;
    const seconds = (performance.now() - startMs) / 1_000;
    const status = readFileSync(`/proc/${recorder.pid}/status`, 'utf8');
    const peakMb = Number(/VmHWM:\s+(\d+)/.exec(status)?.[1]) / 1_024;
    recorder.kill('SIGTERM');
    await once(recorder, 'exit');
    rmSync(dirname(bundle), { recursive: true });
    return { seconds, peakMb, files: sum(metrics, 'files'), mb: sum(metrics, 'bytes') / 1e6 };
  }
}

async function timed<T>(work: () => Promise<T>): Promise<{ result: T; seconds: number }> {
  const startMs = performance.now();
  const result = await work();
  return { result, seconds: (performance.now() - startMs) / 1_000 };
}

const singly = await publishSingly();
const { result: events, seconds: publishSeconds } = await timed(publishAll);
// the last window is over, as it would be for whoever is behind
await sleep((INTERVAL_SECONDS + 3) * 1_000);
const recorded = await record(events);
const rate = (seconds: number) => `${(events / seconds).toFixed(0)} messages/s`;
const archived = events / recorded.seconds;
console.log(`${jobs} jobs, ${events} messages`);
console.log(`  published by ${CALLERS} callers          ${singly.toFixed(0)} messages/s`);
console.log(`  published ${AT_ONCE} at a time         ${rate(publishSeconds)}`);
console.log(`  archived by the recorder         ${rate(recorded.seconds)}`);
console.log(`  archived / published by callers  ${(archived / singly).toFixed(2)}×`);
console.log(`  archived / published in groups   ${((archived * publishSeconds) / events).toFixed(2)}×`);
console.log(`  ${recorded.files} files, ${recorded.mb.toFixed(0)} MB`);
console.log(`  recorder, resident at its peak   ${recorded.peakMb.toFixed(0)} MB`);

// a bus that has forgotten everything: all that is answered comes out of the archive
const bus = await openSqliteBus({ file: join(folder, 'empty.db') });
await bus.ensureTopics(fleetTopics());
const ledger = openDuckdbLedger({
  ...{ bus, directory: join(folder, 'ledger'), schemaName: 'public/default', source: file },
  ...{
    transient: ['requested_completion_generation'],
    archive: await openFileObjects({ directory: archive }),
  },
});
const ask = (sql: string) =>
  ledger.query(sql, { maxRows: 100_000, timeoutMs: 1_200_000, signal: new AbortController().signal });
const loaded = await timed(() => ask('select 1'));
console.log(
  `\nin DuckDB: first query, which reads the archive, ${loaded.seconds.toFixed(1)} s, ${rate(loaded.seconds)}`,
);
console.log('seconds (first, second time), rows');
let slowest = 0;
for (const { name } of NAMED_QUERIES) {
  const sql = namedQuery(name, { job: idOf(Math.floor(jobs / 2)) });
  const [first, second] = [await timed(() => ask(sql)), await timed(() => ask(sql))];
  slowest = Math.max(slowest, first.seconds, second.seconds);
  const times = `${first.seconds.toFixed(2)}  ${second.seconds.toFixed(2)}`;
  console.log(`  ${name.padEnd(21)} ${times}  ${first.result.rows.length}`);
}
console.log(`  the slowest of them took ${slowest.toFixed(2)} s`);
await ledger.close();
await bus.close();
rmSync(folder, { recursive: true, force: true });
