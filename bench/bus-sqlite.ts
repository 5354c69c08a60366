/**
 * The embedded bus beside the least that durability can cost: records of the same size appended to a file and
 * synced, in groups as large as there are callers. Run: node bench/bus-sqlite.ts [seconds per figure]
 */
import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { openSqliteBus } from '../packages/bus-sqlite/src/index.ts';

const seconds = Number(process.argv[2] ?? 3);
const VALUE = 'x'.repeat(500);
const TOPIC = { name: 'bench', persistent: true } as const;
const folder = mkdtempSync(join(process.env['TMPDIR'] ?? tmpdir(), 'genfleet-bench-'));

function rawPerSecond(group: number): number {
  const file = openSync(join(folder, 'raw'), 'w');
  const record = Buffer.from(`${VALUE}\n`.repeat(group));
  const startedMs = performance.now();
  let records = 0;
  while (performance.now() - startedMs < seconds * 1_000) {
    writeSync(file, record);
    fdatasyncSync(file);
    records += group;
  }
  const perSecond = (records * 1_000) / (performance.now() - startedMs);
  closeSync(file);
  return perSecond;
}

async function busPerSecond(callers: number) {
  const bus = await openSqliteBus({ file: join(folder, `bus-${callers}.db`) });
  await bus.ensureTopics([
    { topic: TOPIC, subscriptions: ['workers'], retentionMs: Number.POSITIVE_INFINITY },
  ]);
  const producer = await bus.producer(TOPIC);
  const waitsMs: number[] = [];
  const startedMs = performance.now();
  const idle = performance.eventLoopUtilization();
  let sent = 0;
  const caller = async () => {
    while (performance.now() - startedMs < seconds * 1_000) {
      const beforeMs = performance.now();
      await producer.send({ key: 'key', value: VALUE });
      waitsMs.push(performance.now() - beforeMs);
      sent += 1;
    }
  };
  await Promise.all(Array.from({ length: callers }, caller));
  const tookMs = performance.now() - startedMs;
  const { active } = performance.eventLoopUtilization(idle);
  await bus.close();
  waitsMs.sort((a, b) => a - b);
  const at = (share: number) => waitsMs[Math.floor(waitsMs.length * share)] ?? 0;
  return {
    perSecond: (sent * 1_000) / tookMs,
    p50Ms: at(0.5),
    p99Ms: at(0.99),
    activeUs: (active * 1_000) / sent,
  };
}

console.log('callers   bus/s     raw fdatasync/s   ratio   p50 ms   p99 ms   main thread µs a publish');
try {
  for (const callers of [1, 16, 64, 256]) {
    const rawBefore = rawPerSecond(callers);
    const bus = await busPerSecond(callers);
    const raw = (rawBefore + rawPerSecond(callers)) / 2;
    const cells = [
      String(callers).padEnd(9),
      bus.perSecond.toFixed(0).padEnd(9),
      raw.toFixed(0).padEnd(17),
      (bus.perSecond / raw).toFixed(2).padEnd(7),
      bus.p50Ms.toFixed(2).padEnd(8),
      bus.p99Ms.toFixed(2).padEnd(8),
      bus.activeUs.toFixed(1),
    ];
    console.log(cells.join(' '));
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
