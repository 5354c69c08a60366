/**
 * A job by its id, asked of Trino over Pulsar and of the view, while the history grows: with the bound by the id's time
 * and without, and as the API reads a job that its view does not hold: from ten minutes before the job was made, which here
 * is everything. Starts (or takes, as tests do) a Pulsar and a Trino.
 * Run: node bench/ledger-trino.ts [10000 100000 300000]
 */
import { randomUUID } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { fleetTopics } from '../packages/bus/src/index.ts';
import { openPulsarWsBus } from '../packages/bus-pulsar-ws/src/index.ts';
import { encodeEvent, type JobEvent, newJobId, topicOf } from '../packages/job/src/index.ts';
import { NAMED_QUERIES, openView, PastJobs } from '../packages/ledger/src/index.ts';
import { openTrinoLedger } from '../packages/ledger-trino/src/index.ts';
import { createLogger } from '../packages/telemetry/src/index.ts';
import { provide } from '../tools/provision/components.ts';

const sizes = process.argv.slice(2).map(Number);
if (sizes.length === 0) sizes.push(10_000, 100_000, 300_000);
const AT_ONCE = 1_000;
/** Jobs of the window that each question is about, the same at every size. */
const WINDOW_JOBS = 500;
const ROUNDS = 9;
/** Between the history and the window, so that the bound tells them apart. */
const PAUSE_MS = 3_000;
/** Far longer than the view takes to fold what was published. */
const FOLD_MS = 300_000;
/** What the time by id, with its bound, may grow by from the smallest size to the largest. */
const MOST_GROWTH = 1.5;

const [pulsar, trino] = [await provide('pulsar'), await provide('trino')];
if ('missing' in pulsar) throw new Error(pulsar.missing);
if ('missing' in trino) throw new Error(trino.missing);
const schemaName = `bench/run-${randomUUID().slice(0, 8)}`;
const bus = await openPulsarWsBus({ url: `${pulsar.wsUrl}/${schemaName}`, adminUrl: pulsar.adminUrl });
await bus.ensureTopics(fleetTopics());
const ledger = openTrinoLedger({ url: trino.url, schemaName });
const ask = (sql: string) =>
  ledger.query(sql, { maxRows: 1_000, timeoutMs: 600_000, signal: new AbortController().signal });

/** A request, and its end, about 1 KB together. */
function eventsOf(id: string, n: number): JobEvent[] {
  const head = { version: 1, id, kind: 'txt2img', redrive: 0, tenant: `team-${n % 20}` } as const;
  const time = new Date().toISOString();
  const model = `model-${n % 7}`;
  const settings = {
    ...{ prompt: `picture ${n}`, negative_prompt: '', seed: n, sampler_name: 'euler', batch_size: 1 },
    ...{ n_iters: 1, steps: 20, cfg_scale: 7, width: 512, height: 512, model },
  };
  const timings = { queued_ms: n % 900, model_load_ms: 0, generate_ms: 500, store_ms: 9 };
  const image = { content_type: 'image/jpeg', size_bytes: 40_000, width: 512, height: 512, seed: n };
  const artifacts = [{ key: `${id}.jpg`, ...image, sha256: n.toString(16).padStart(64, '0') }];
  const job = {
    metadata: { grouping: `g${n % 100}` },
    request_time: time,
    attempt: 1,
    failures: [],
    settings,
  };
  const end = { attempt: 1, worker: `gpu-${n % 16}`, model, artifacts, timings, complete_time: time };
  return [
    { type: 'requested', ...head, ...job },
    { type: 'completed', ...head, ...end },
  ];
}

let published = 0;
/** @returns the last id. */
async function publish(jobs: number): Promise<string> {
  let id = '';
  for (let done = 0; done < jobs; done += AT_ONCE) {
    const group = Array.from({ length: Math.min(AT_ONCE, jobs - done) }, () => {
      id = newJobId(Date.now());
      published += 1;
      return eventsOf(id, published);
    }).flat();
    await Promise.all(
      group.map(async (event) => {
        const producer = await bus.producer(topicOf(event.type, event.kind));
        await producer.send({ key: event.id, value: encodeEvent(event) });
      }),
    );
  }
  return id;
}

async function medianMs(work: () => unknown): Promise<number> {
  const taken: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const startMs = performance.now();
    await work();
    taken.push(performance.now() - startMs);
  }
  return taken.sort((a, b) => a - b)[Math.floor(ROUNDS / 2)] ?? Number.NaN;
}

const timeText = (atMs: number) => new Date(atMs).toISOString().replace('T', ' ').replace('Z', '');
const history = NAMED_QUERIES.find(({ name }) => name === 'job-history')?.sql ?? '';
const historyOf = (id: string, sinceMs: number) =>
  history.replaceAll('{job}', id).replaceAll('{since}', timeText(sinceMs));
const requestOf = (id: string, sinceMs: number) =>
  `select * from requested_txt2img_generation where id = '${id}'
    and __publish_time__ >= timestamp '${timeText(sinceMs)}'`;

const view = await openView({
  ...{ bus, file: ':memory:', kinds: ['txt2img'], now: Date.now },
  log: createLogger({ service: 'bench', level: 'error' }),
});

async function inView(id: string): Promise<void> {
  const untilMs = performance.now() + FOLD_MS;
  while (view.job(id) === undefined) {
    if (performance.now() > untilMs) throw new Error(`the view does not have ${id} after ${FOLD_MS} ms`);
    await sleep(50);
  }
}

const past = new PastJobs(ledger);
const found: { jobs: number; bounded: number; history: number; whole: number }[] = [];
console.log(
  'jobs      history by id, bounded  its request, bounded  its request, unbounded  as the API reads it  view',
);
for (const size of sizes) {
  await publish(size - published - WINDOW_JOBS);
  await sleep(PAUSE_MS);
  const sinceMs = Date.now();
  await sleep(100);
  const id = await publish(WINDOW_JOBS);
  await inView(id);
  const rows = (await ask(historyOf(id, sinceMs))).rows.length;
  if (rows !== 2) throw new Error(`${rows} events of ${id}, not 2`);
  const bounded = await medianMs(() => ask(requestOf(id, sinceMs)));
  const whole = await medianMs(() => ask(requestOf(id, 0)));
  const all = await medianMs(() => ask(historyOf(id, sinceMs)));
  const read = await medianMs(() =>
    past.job('txt2img', id, { signal: new AbortController().signal, timeoutMs: 600_000 }),
  );
  const polled = await medianMs(() => view.job(id));
  found.push({ jobs: size, bounded, history: all, whole });
  const ms = (value: number) => `${value.toFixed(0)} ms`;
  console.log(
    `${String(size).padEnd(9)} ${ms(all).padEnd(23)} ${ms(bounded).padEnd(21)} ${ms(whole).padEnd(23)} ` +
      `${ms(read).padEnd(20)} ${polled.toFixed(3)} ms, ${(read / polled).toFixed(0)} times faster`,
  );
}
const [first, last] = [found[0], found.at(-1)];
if (first && last) {
  const ratio = (of: 'bounded' | 'history' | 'whole') => (last[of] / first[of]).toFixed(2);
  console.log(
    `from ${first.jobs} to ${last.jobs} jobs: history ${ratio('history')}× (wanted: at most ${MOST_GROWTH}×), ` +
      `request ${ratio('bounded')}×, without the bound ${ratio('whole')}×`,
  );
}
await view.close();
await ledger.close();
await bus.close();
process.exit(0);
