/**
 * `node bench/completion-streams.ts`: what stays of streams in Genfleet (`npm start` with the embedded bus before a mock
 * of OpenAI's API): resident memory over 10,000 streams that are read to their end, after 2,000 that warm it up, then
 * over 1,000 that their clients leave half way, and how many the upstream still works on after that. Beside it stands the
 * JavaScript heap after all garbage was collected: what grows there is a leak, however slow.
 */
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { MockCounts } from '../tools/mock-openai/server.ts';
import { startGenfleet, startScript } from './gateways.ts';
import { requestBytes, sseLoad } from './sse-load.ts';

const STREAMS = { warmUp: 2_000, measured: 10_000, each: 1_000, connections: 16 };
const HANG_UPS = { all: 1_000, connections: 50, afterChunks: 12, delayMs: 10 };
/** After the warm-up memory may grow by as much. */
const FLAT_MB = 25;
/** And the heap, of which nothing but what is held remains, by as much: 300 bytes of a stream. */
const HELD_MB = 3;
const COLLECT_MS = 2_000;
const SETTLE_MS = 10_000;

const body = JSON.stringify({
  ...{ model: 'mock', prompt: 'def fibonacci(n):\n', max_tokens: 240, temperature: 0 },
  ...{ stream: true, stream_options: { include_usage: true } },
});
const verdict = (isMet: boolean) => (isMet ? 'met' : 'not met');

function residentMb(pid: number): number {
  const [, kB = '0'] = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kB) / 1_024;
}

/** Reads some of a stream and is gone. */
function hangUp(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    let chunks = 0;
    socket.setNoDelay(true).setEncoding('latin1');
    socket.on('connect', () =>
      socket.write(requestBytes({ port, path: '/v1/completions', headers: {}, body })),
    );
    socket.on('error', reject);
    socket.on('close', () =>
      chunks >= HANG_UPS.afterChunks ? resolve() : reject(new Error('ended too early')),
    );
    socket.on('data', (data: string) => {
      chunks += data.split('data: {').length - 1;
      if (chunks >= HANG_UPS.afterChunks) socket.destroy();
    });
  });
}

const mock = await startScript('upstream', 'tools/mock-openai/main.ts');
const collector = new URL('./collect-on-signal.ts', import.meta.url).href;
const genfleet = await startGenfleet(mock.port, { NODE_OPTIONS: `--import=${collector}` });
const ask = async (path: string, settings?: object) => {
  const given = settings === undefined ? {} : { method: 'POST', body: JSON.stringify(settings) };
  return (await fetch(`http://127.0.0.1:${mock.port}/mock/${path}`, given)).json();
};
const counts = () => ask('counts') as Promise<MockCounts>;

interface Memory {
  /** Resident under load, in MB. */
  readonly resident: number;
  /** Of the heap after a collection, in MB. */
  readonly held: number;
}

async function memory(): Promise<Memory> {
  const resident = residentMb(genfleet.pid);
  process.kill(genfleet.pid, 'SIGUSR2');
  await sleep(COLLECT_MS);
  const metrics = await (await fetch(`http://127.0.0.1:${genfleet.port}/metrics`)).text();
  const held = Number(/^nodejs_heap_size_used_bytes (\d+)/m.exec(metrics)?.[1]) / 2 ** 20;
  return { resident, held };
}

async function stream(streams: number): Promise<Memory> {
  for (let done = 0; done < streams; done += STREAMS.each) {
    const { connections, each } = STREAMS;
    const path = '/v1/completions';
    await sseLoad({ port: genfleet.port, path, headers: {}, body, connections, streams: each });
    console.log(`${String(done + each).padStart(8)}   ${residentMb(genfleet.pid).toFixed(0)}`);
  }
  return await memory();
}

/** @returns whether memory stood still. */
function compared(what: string, before: Memory, after: Memory): boolean {
  const [resident, held] = [after.resident - before.resident, after.held - before.held];
  const isFlat = resident <= FLAT_MB && held <= HELD_MB;
  console.log(`${what}: ${resident.toFixed(0)} MB more resident, wanted at most ${FLAT_MB};`);
  const heap = `${held.toFixed(1)} MB more in the heap after a collection`;
  console.log(`  ${heap}, wanted at most ${HELD_MB} (${verdict(isFlat)})`);
  return isFlat;
}

console.log(
  `${'streams'.padStart(8)}   MB resident (${residentMb(genfleet.pid).toFixed(0)} before the first)`,
);
const warm = await stream(STREAMS.warmUp);
const read = await stream(STREAMS.measured);
const isFlat = compared(`${STREAMS.measured} streams after the first ${STREAMS.warmUp}`, warm, read);

await ask('settings', { delayMs: HANG_UPS.delayMs });
const before = await counts();
let clients = HANG_UPS.all;
const lane = async () => {
  while (clients > 0) {
    clients -= 1;
    await hangUp(genfleet.port);
  }
};
await Promise.all(Array.from({ length: HANG_UPS.connections }, lane));
const endMs = performance.now();
while ((await counts()).running > 0 && performance.now() - endMs < SETTLE_MS) await sleep(20);
const settledMs = performance.now() - endMs;
const after = await counts();
const left = await memory();
console.log(`\n${HANG_UPS.all} clients hung up half way; ${settledMs.toFixed(0)} ms after the last:`);
console.log(
  `  upstream: ${after.started - before.started} begun, ${after.aborted - before.aborted} cut off, `,
);
console.log(
  `  ${after.finished - before.finished} written to the end, ${after.running} running (${verdict(after.running === 0)})`,
);
const isFlatAfter = compared('  after them', read, left);
genfleet.stop();
mock.stop();
process.exit(isFlat && isFlatAfter && after.running === 0 ? 0 : 1);
