/**
 * `node bench/laptop.ts`: what a person on one machine feels. `npm start` without the package manager: time to the
 * first image, resident memory with one demo model and with both, and how long a poll takes while the demo engine is
 * idle and while it is busy.
 */
import { execFileSync } from 'node:child_process';
import { dataFolder, startProduct } from '../services/all-in-one/test/product.ts';

const POLLS = 3_000;
const COMPLETIONS = 5;
const WANTED = { firstImageMs: 5_000, memoryMb: 400, bothMemoryMb: 500, pollRatio: 3 };

async function post(url: string, settings: Record<string, unknown>, wait: boolean): Promise<string> {
  const response = await fetch(`${url}/images/`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(wait ? { prefer: 'wait=60' } : {}) },
    body: JSON.stringify({
      generation_settings: { prompt: 'a red circle on a white background', ...settings },
    }),
  });
  return ((await response.json()) as { id: string }).id;
}

/** Has the code model write, which loads it. */
async function complete(url: string): Promise<void> {
  const response = await fetch(`${url}/v1/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      model: 'genfleet-demo-code',
      prompt: 'import os\n',
      max_tokens: 400,
      temperature: 1,
    }),
  });
  if (!response.ok) throw new Error(`the completion failed: ${await response.text()}`);
}

/** Quantiles in ms of polling one job, one poll after the other. */
async function pollTimes(url: string): Promise<{ p50: number; p99: number }> {
  const times: number[] = [];
  for (let poll = 0; poll < POLLS; poll += 1) {
    const startMs = performance.now();
    await (await fetch(url)).arrayBuffer();
    times.push(performance.now() - startMs);
  }
  times.sort((a, b) => a - b);
  return { p50: times[Math.floor(POLLS * 0.5)] ?? 0, p99: times[Math.floor(POLLS * 0.99)] ?? 0 };
}

/** Resident memory in MB of a process and all it started. */
function memoryMb(pid: number): number {
  const lines = execFileSync('ps', ['-eo', 'pid,ppid,rss']).toString().trim().split('\n').slice(1);
  const rows = lines.map((line) => line.trim().split(/\s+/).map(Number));
  const family = new Set([pid]);
  for (const [child = 0, parent = 0] of rows) if (family.has(parent)) family.add(child);
  return rows.reduce((sum, [child = 0, , rss = 0]) => sum + (family.has(child) ? rss : 0), 0) / 1_024;
}

const verdict = (isMet: boolean) => (isMet ? 'met' : 'not met');
const folder = dataFolder();
const startMs = performance.now();
const product = await startProduct(folder.path);
try {
  const readyMs = performance.now() - startMs;
  const id = await post(product.url, { steps: 20 }, true);
  const firstMs = performance.now() - startMs;
  console.log(`ready after ${readyMs.toFixed(0)} ms`);
  console.log(
    `first image after ${firstMs.toFixed(0)} ms; wanted under ${WANTED.firstImageMs} (${verdict(firstMs < WANTED.firstImageMs)})`,
  );
  const memory = memoryMb(product.process.pid ?? 0);
  console.log(
    `resident memory with the model ${memory.toFixed(0)} MB; wanted under ${WANTED.memoryMb} (${verdict(memory < WANTED.memoryMb)})`,
  );
  for (let n = 0; n < COMPLETIONS; n += 1) await complete(product.url);
  const both = memoryMb(product.process.pid ?? 0);
  console.log(
    `resident memory with both models ${both.toFixed(0)} MB; wanted under ${WANTED.bothMemoryMb} (${verdict(both < WANTED.bothMemoryMb)})`,
  );
  const url = `${product.url}/images/${id}/`;
  await pollTimes(url);
  const idle = await pollTimes(url);
  await post(product.url, { steps: 150, batch_size: 16, n_iters: 4, width: 64, height: 64 }, false);
  const busy = await pollTimes(url);
  const ratio = busy.p99 / idle.p99;
  console.log(`poll            p50 ms   p99 ms`);
  for (const [name, { p50, p99 }] of Object.entries({ idle, busy })) {
    console.log(`engine ${name.padEnd(8)} ${p50.toFixed(2).padStart(6)} ${p99.toFixed(2).padStart(8)}`);
  }
  console.log(
    `p99 busy/idle ${ratio.toFixed(2)}; wanted at most ${WANTED.pollRatio} (${verdict(ratio <= WANTED.pollRatio)})`,
  );
} finally {
  await product.end('SIGTERM');
  folder.remove();
}
