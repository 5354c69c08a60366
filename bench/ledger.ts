/**
 * The named queries of docs/ledger.md over a million jobs in DuckDB, and three of their questions put to the bus's own
 * file by `node:sqlite`, which has to read every event's JSON. Run: node bench/ledger.ts [jobs]
 */
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { DatabaseSync } from 'node:sqlite';
import { fleetTopics } from '../packages/bus/src/index.ts';
import { openSqliteBus } from '../packages/bus-sqlite/src/index.ts';
import { encodeEvent, topicOf } from '../packages/job/src/index.ts';
import { NAMED_QUERIES, namedQuery } from '../packages/ledger/src/index.ts';
import { openDuckdbLedger } from '../packages/ledger-duckdb/src/index.ts';
import { eventsOf, idOf } from './job-history.ts';

const jobs = Number(process.argv[2] ?? 1_000_000);
const AT_ONCE = 2_000;
const folder = mkdtempSync(join(process.env['TMPDIR'] ?? tmpdir(), 'genfleet-bench-'));
const file = join(folder, 'fleet.db');

async function timed<T>(work: () => T | Promise<T>): Promise<{ result: T; seconds: number }> {
  const startMs = performance.now();
  const result = await work();
  return { result, seconds: (performance.now() - startMs) / 1_000 };
}

const megabytes = (path: string) => (statSync(path).size / 1e6).toFixed(0);
const bus = await openSqliteBus({ file });
await bus.ensureTopics(fleetTopics());
let events = 0;
const written = await timed(async () => {
  for (let first = 0; first < jobs; first += AT_ONCE) {
    const group = Array.from({ length: Math.min(AT_ONCE, jobs - first) }, (_, n) =>
      eventsOf(first + n),
    ).flat();
    events += group.length;
    await Promise.all(
      group.map(async (event) => {
        const producer = await bus.producer(topicOf(event.type, event.kind));
        await producer.send({ key: event.id, value: encodeEvent(event) });
      }),
    );
  }
});
console.log(
  `${jobs} jobs, ${events} events published in ${written.seconds.toFixed(1)} s, ${megabytes(file)} MB`,
);

const directory = join(folder, 'ledger');
const ledger = openDuckdbLedger({
  ...{ bus, directory, schemaName: 'public/default', source: file },
  transient: ['requested_completion_generation'],
});
const ask = (sql: string) =>
  ledger.query(sql, { maxRows: 100_000, timeoutMs: 1_200_000, signal: new AbortController().signal });
const busy = performance.eventLoopUtilization();
const built = await timed(() => ask('select 1'));
const { utilization } = performance.eventLoopUtilization(busy);
const perSecond = (events / built.seconds).toFixed(0);
console.log(
  `first query, which reads them all: ${built.seconds.toFixed(1)} s, ${perSecond} events/s, ` +
    `this process's event loop busy ${(utilization * 100).toFixed(0)} %`,
);
for (const name of readdirSync(directory)) console.log(`  ${name} ${megabytes(join(directory, name))} MB`);

console.log('\nin DuckDB, seconds (first, second time), rows');
for (const { name } of NAMED_QUERIES) {
  const sql = namedQuery(name, { job: idOf(Math.floor(jobs / 2)) });
  const [once, again] = [await timed(() => ask(sql)), await timed(() => ask(sql))];
  const rows = once.result.rows.length;
  console.log(`  ${name.padEnd(21)} ${once.seconds.toFixed(2)}  ${again.seconds.toFixed(2)}  ${rows}`);
}

/** Questions as SQL over the JSON of the bus's file; `{topic}` is the table of a topic's messages. */
const SCANS: Readonly<Record<string, string>> = {
  throughput: `select substr(value ->> '$.complete_time', 1, 13) as hour, count(distinct value ->> '$.id')
    from {completed} group by 1 order by 1`,
  'cost-per-tenant': `select value ->> '$.tenant', value ->> '$.model', count(distinct value ->> '$.id'),
      sum((value ->> '$.timings.generate_ms') + (value ->> '$.timings.model_load_ms')) / 1e3
    from {completed} group by 1, 2 order by 1, 2`,
  'dead-letters': `select value ->> '$.error.code', value ->> '$.tenant', count(distinct value ->> '$.id')
    from {dead} group by 1, 2`,
};
await ledger.close();
await bus.close();
const sqlite = new DatabaseSync(file, { readOnly: true });
const tableOf = (type: 'completed' | 'dead') => {
  const topic = topicOf(type, 'txt2img').name;
  return `messages_${sqlite.prepare('select id from topics where name = ?').get(topic)?.['id']}`;
};
console.log('\nthe bus file by node:sqlite, seconds, rows');
for (const [name, sql] of Object.entries(SCANS)) {
  const scan = sql.replace('{completed}', tableOf('completed')).replace('{dead}', tableOf('dead'));
  const { result, seconds } = await timed(() => sqlite.prepare(scan).all());
  console.log(`  ${name.padEnd(21)} ${seconds.toFixed(2)}  ${result.length}`);
}
sqlite.close();
rmSync(folder, { recursive: true, force: true });
