/**
 * `node bench/completion-streams.ts`: what stays of streams in Genfleet (`npm start` with the embedded bus before a mock
 * of OpenAI's API): resident memory over 10,000 streams that are read to their end, after 5,000 that warm it up, then
 * over 1,000 that their clients leave half way, and how many the upstream still works on after that.
 */
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { MockCounts } from '../tools/mock-openai/server.ts';
import { startGenfleet, startScript } from './gateways.ts';
import { requestBytes, sseLoad } from './sse-load.ts';

/** The JavaScript heap is as large as it gets after some thousands. */
const STREAMS = { all: 15_000, warmUp: 5_000, each: 1_000, connections: 16 };
const HANG_UPS = { all: 1_000, connections: 50, afterChunks: 12, delayMs: 10 };
/** After the warm-up memory may move by as much, up and down. */
const FLAT_MB = 25;
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
const genfleet = await startGenfleet(mock.port);
const ask = async (path: string, settings?: object) => {
  const given = settings === undefined ? {} : { method: 'POST', body: JSON.stringify(settings) };
  return (await fetch(`http://127.0.0.1:${mock.port}/mock/${path}`, given)).json();
};
const counts = () => ask('counts') as Promise<MockCounts>;

console.log(`${'streams'.padStart(8)}   MB resident`);
const memory: number[] = [];
for (let done = 0; done < STREAMS.all; done += STREAMS.each) {
  const { connections, each } = STREAMS;
  await sseLoad({
    port: genfleet.port,
    path: '/v1/completions',
    headers: {},
    body,
    connections,
    streams: each,
  });
  const mb = residentMb(genfleet.pid);
  if (done + each >= STREAMS.warmUp) memory.push(mb);
  console.log(`${String(done + each).padStart(8)}   ${mb.toFixed(0)}`);
}
const first = memory.slice(0, 3);
const last = memory.slice(-3);
// the least of three: in between the collector is behind
const grown = Math.min(...last) - Math.min(...first);
console.log(`grown by ${grown.toFixed(0)} MB; wanted at most ${FLAT_MB} (${verdict(grown <= FLAT_MB)})`);

await ask('settings', { delayMs: HANG_UPS.delayMs });
const before = await counts();
let left = HANG_UPS.all;
const lane = async () => {
  while (left > 0) {
    left -= 1;
    await hangUp(genfleet.port);
  }
};
await Promise.all(Array.from({ length: HANG_UPS.connections }, lane));
const endMs = performance.now();
while ((await counts()).running > 0 && performance.now() - endMs < SETTLE_MS) await sleep(20);
const settledMs = performance.now() - endMs;
const after = await counts();
const mb = residentMb(genfleet.pid);
console.log(`\n${HANG_UPS.all} clients hung up half way; ${settledMs.toFixed(0)} ms after the last:`);
console.log(
  `  upstream: ${after.started - before.started} begun, ${after.aborted - before.aborted} cut off, `,
);
console.log(
  `  ${after.finished - before.finished} written to the end, ${after.running} running (${verdict(after.running === 0)})`,
);
console.log(`  resident ${mb.toFixed(0)} MB, ${(mb - Math.min(...last)).toFixed(0)} MB more than before`);
genfleet.stop();
mock.stop();
process.exit(after.running === 0 ? 0 : 1);
