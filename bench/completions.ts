/**
 * `node bench/completions.ts [NAME…]`: what stands between a client and a model server costs. Genfleet (`npm start`
 * with the embedded bus), a bare proxy in Node, Portkey's gateway and LiteLLM's proxy, all before one mock of OpenAI's
 * API with answers of 1.2 KB, in one go and in turn, so that a busy machine slows them alike; the ratios are what
 * counts. NAMEs leave out the others. Before: bash bench/setup.sh
 */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { cpuTimeOf } from './cpu-time.ts';
import {
  checkPeers,
  type Gateway,
  startGenfleet,
  startLiteLlm,
  startPortkey,
  startScript,
} from './gateways.ts';
import type { SseResult } from './sse-load.ts';

interface Measure {
  readonly name: string;
  readonly isStream: boolean;
  readonly connections: number;
  /** Before each chunk of the upstream's. */
  readonly delayMs: number;
}

type Figures = Pick<SseResult, 'perSecond' | 'p50Ms' | 'p99Ms'> &
  Partial<SseResult> & { readonly cpuUs: number };

const MEASURES: readonly Measure[] = [
  { name: 'whole c=1', isStream: false, connections: 1, delayMs: 0 },
  { name: 'whole c=16', isStream: false, connections: 16, delayMs: 0 },
  { name: 'stream c=1', isStream: true, connections: 1, delayMs: 0 },
  { name: 'stream c=16', isStream: true, connections: 16, delayMs: 0 },
  { name: 'paced c=16', isStream: true, connections: 16, delayMs: 10 },
];
const WARM_UP_MS = 1_500;
const MEASURE_MS = 2_500;
const WANTED = { portkey: 2, litellm: 10, first: 1.5, gapMs: 5 };
const run = promisify(execFile);

async function loadOn(gateway: Gateway, measure: Measure): Promise<Figures> {
  const { isStream, connections } = measure;
  const request = { model: 'mock', prompt: 'def fibonacci(n):\n', max_tokens: 240, temperature: 0 };
  const body = isStream ? { ...request, stream: true, stream_options: { include_usage: true } } : request;
  const load = {
    ...{ isStream, connections, port: gateway.port, path: '/v1/completions', headers: gateway.headers },
    ...{ body: JSON.stringify(body), warmUpMs: WARM_UP_MS, measureMs: MEASURE_MS },
  };
  const before = cpuTimeOf(gateway.pid).allUs;
  const script = join(import.meta.dirname, 'completion-load.mjs');
  const { stdout } = await run(process.execPath, [
    '--disable-warning=ExperimentalWarning',
    script,
    JSON.stringify(load),
  ]);
  // JSON has no NaN: a figure of a time in which nothing was answered
  const orNaN = (_: string, value: unknown) => value ?? Number.NaN;
  const figures = JSON.parse(stdout, orNaN) as Omit<Figures, 'cpuUs'>;
  // over the warm-up too, during which as much is done a second
  const requests = (figures.perSecond * (WARM_UP_MS + MEASURE_MS)) / 1_000;
  return { ...figures, cpuUs: (cpuTimeOf(gateway.pid).allUs - before) / requests };
}

async function pace(mock: Gateway, delayMs: number): Promise<void> {
  const url = `http://127.0.0.1:${mock.port}/mock/settings`;
  await (await fetch(url, { method: 'POST', body: JSON.stringify({ delayMs }) })).arrayBuffer();
}

checkPeers();
const mock = await startScript('direct', 'tools/mock-openai/main.ts');
const starts: Readonly<Record<string, () => Promise<Gateway>>> = {
  proxy: () => startScript('bare proxy', 'bench/bare-proxy.ts', [String(mock.port)]),
  genfleet: () => startGenfleet(mock.port),
  portkey: () => startPortkey(mock.port),
  litellm: () => startLiteLlm(mock.port),
};
const wanted = process.argv.slice(2);
const gateways = [mock];
for (const [name, start] of Object.entries(starts)) {
  if (wanted.length === 0 || wanted.includes(name)) gateways.push(await start());
}

const results = new Map<string, Map<string, Figures>>();
const ms = (value: number | undefined) => (value === undefined ? '' : value.toFixed(2)).padStart(8);
for (const measure of MEASURES) {
  await pace(mock, measure.delayMs);
  console.log(
    `\n${measure.name.padEnd(12)} req/s      p50     +p50     +p99    first   +first  gap p99 +gap p99   CPU µs`,
  );
  const figures = new Map<string, Figures>();
  results.set(measure.name, figures);
  for (const gateway of gateways) {
    const one = await loadOn(gateway, measure);
    const direct = figures.get(mock.name) ?? one;
    figures.set(gateway.name, one);
    const added = (key: 'p50Ms' | 'p99Ms' | 'firstP50Ms' | 'gapP99Ms') => {
      const value = one[key];
      return value === undefined ? undefined : value - (direct[key] ?? 0);
    };
    const columns = [
      ...[one.p50Ms, added('p50Ms'), added('p99Ms'), one.firstP50Ms, added('firstP50Ms')],
      ...[one.gapP99Ms, added('gapP99Ms')],
    ];
    const rate = one.perSecond.toFixed(0).padStart(6);
    console.log(
      `${gateway.name.padEnd(11)} ${rate} ${columns.map(ms).join(' ')} ${one.cpuUs.toFixed(0).padStart(8)}`,
    );
  }
}
for (const gateway of gateways) gateway.stop();

const of = (measure: string, name: string) => results.get(measure)?.get(name);
function say(what: string, value: number, isMet: boolean): void {
  if (!Number.isNaN(value)) console.log(`${what}: ${value.toFixed(2)} (${isMet ? 'met' : 'not met'})`);
}
console.log();
for (const measure of ['whole c=1', 'whole c=16', 'stream c=1', 'stream c=16']) {
  for (const [peer, times] of [
    ['Portkey', WANTED.portkey],
    ['LiteLLM', WANTED.litellm],
  ] as const) {
    const ratio =
      (of(measure, 'Genfleet')?.perSecond ?? Number.NaN) / (of(measure, peer)?.perSecond ?? Number.NaN);
    say(`${measure}, requests/s of Genfleet / ${peer}, wanted ${times}`, ratio, ratio >= times);
  }
}
for (const connections of ['c=1', 'c=16']) {
  const added = (kind: string, name: string, key: 'p50Ms' | 'firstP50Ms') =>
    (of(`${kind} ${connections}`, name)?.[key] ?? Number.NaN) -
    (of(`${kind} ${connections}`, mock.name)?.[key] ?? 0);
  const own = added('whole', 'Genfleet', 'p50Ms');
  const portkey = own / added('whole', 'Portkey', 'p50Ms');
  say(`${connections}, added p50 of Genfleet / Portkey, wanted below 1`, portkey, portkey < 1);
  const first = added('stream', 'Genfleet', 'firstP50Ms') / own;
  say(
    `${connections}, added time to the first token / added p50 of whole answers, wanted at most ${WANTED.first}`,
    first,
    first <= WANTED.first,
  );
}
const gap =
  (of('paced c=16', 'Genfleet')?.gapP99Ms ?? Number.NaN) - (of('paced c=16', mock.name)?.gapP99Ms ?? 0);
say(`p99 added gap in ms at c=16, wanted below ${WANTED.gapMs}`, gap, gap < WANTED.gapMs);
// bench/peers.ts takes the figures from here
if (process.send) process.send(results, () => process.exit(0));
else process.exit(0);
