/**
 * One server of the view bench: `view-server.ts JOBS DIRECTORY`. The API as it is, over a view that it builds from
 * a made-up history. Prints a line of JSON once it is ready, and another for each line it is sent.
 */
import { mkdtempSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { openFileStore } from '../packages/artifacts-file/src/index.ts';
import { readConfig } from '../packages/config/src/index.ts';
import { newJobId } from '../packages/job/src/index.ts';
import { openView } from '../packages/ledger/src/index.ts';
import { createLogger } from '../packages/telemetry/src/index.ts';
import { startApi } from '../services/api/src/index.ts';
import { historyBus, idOf } from './view-messages.ts';

const QUESTIONS = 20_000;

const jobs = Number(process.argv[2]);
const directory = mkdtempSync(join(process.argv[3] ?? '', 'view-'));
const history = { jobs, startMs: Date.now() - jobs * 100 };
const log = createLogger({ level: 'warn', service: 'bench' });
const bus = historyBus(history);
const file = join(directory, 'view.db');

const startMs = performance.now();
const startCpu = process.cpuUsage();
const view = await openView({ bus, file, kinds: ['txt2img'], log, now: Date.now });
if (!(await view.caughtUp(600_000))) throw new Error('the view did not catch up');
const rebuildMs = performance.now() - startMs;
const { user, system } = process.cpuUsage(startCpu);
if (view.count({}) !== jobs) throw new Error(`${view.count({})} jobs of ${jobs}`);

const api = await startApi({
  bus,
  views: { txt2img: view, completion: view },
  artifacts: await openFileStore({ directory: join(directory, 'artifacts') }),
  config: readConfig({ DATA_DIR: directory, PORT: '0' }),
  log,
  clock: Date.now,
  newId: newJobId,
});

/** Mean time of one question in µs, over questions spread over all jobs. */
function meanUs(times: number, question: (n: number) => unknown): number {
  const fromMs = performance.now();
  for (let time = 0; time < times; time++) question(Math.floor((time * 0.618_033_988_7 * jobs) % jobs));
  return ((performance.now() - fromMs) * 1_000) / times;
}

const residentMb = () => process.memoryUsage().rss / 1_048_576;
const say = (answer: object) => process.stdout.write(`${JSON.stringify(answer)}\n`);
say({
  port: api.port,
  startMs: history.startMs,
  rebuildMs,
  rebuildCpuMs: (user + system) / 1_000,
  fileMb: statSync(file).size / 1_048_576,
});

for await (const command of createInterface(process.stdin)) {
  if (command === 'stop') break;
  const page = { limit: 20, offset: 0 };
  say({
    residentMb: residentMb(),
    jobUs: meanUs(QUESTIONS, (n) => view.job(idOf(history, n))),
    idUs: meanUs(QUESTIONS, (n) => idOf(history, n)),
    listUs: meanUs(200, () => view.jobs({}, page)),
    groupingUs: meanUs(200, (n) => view.jobs({ grouping: `group/${n % 1_000}` }, page)),
    filteredUs: meanUs(200, () =>
      view.jobs({ tenant: 'default', status: ['completed'], model: 'sdxl' }, page),
    ),
    countUs: meanUs(200, () => view.count({ status: ['completed'] })),
    positionUs: meanUs(2_000, () => view.position(idOf(history, jobs - 1))),
  });
}
await api.stop();
await view.close();
process.exit(0);
