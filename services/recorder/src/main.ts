import { resolve } from 'node:path';
import { awaitTopics, openArchive, openBus, openSegmentWriter } from '@genfleet/adapters';
import { makeFolders, trinoTables } from '@genfleet/archive';
import { fleetTopics } from '@genfleet/bus';
import { loadConfig, topicPolicy } from '@genfleet/config';
import { GenfleetError } from '@genfleet/job';
import { schemaNameOf } from '@genfleet/ledger';
import {
  createArchiveMetrics,
  createLogger,
  createRegistry,
  runService,
  type StopService,
  startHealthServer,
} from '@genfleet/telemetry';
import { checkArchive } from './check.ts';
import { startRecorder, topicParts } from './recorder.ts';

const WORDS = `npm run recorder              keeps the archive
npm run recorder -- check     reads every file of it, and makes anew what is missing or damaged
npm run recorder -- tables    prints the statements that make it tables of a Trino over it alone
npm run recorder -- tables CATALOG    the same for a Trino that reads the topics too, under a catalog of its own`;

/** Keeps the archive. Stops within its grace. */
async function start(): Promise<StopService> {
  const config = loadConfig();
  const log = createLogger({ level: config.LOG_LEVEL, service: 'recorder' });
  const bus = await openBus(config);
  await awaitTopics(bus, config, log);
  const now = () => bus.nowMs();
  const [objects, writer] = await Promise.all([openArchive(config, now), openSegmentWriter()]);
  const registry = createRegistry();
  const recorder = startRecorder({
    ...{ bus, objects, writer, log, metrics: createArchiveMetrics(registry), now },
    ...{ topics: fleetTopics(topicPolicy(config)), intervalMs: config.ARCHIVE_INTERVAL_SECONDS * 1_000 },
  });
  const health = await startHealthServer({
    ...{ host: config.HOST, port: config.RECORDER_PORT, registry, ready: () => recorder.ready() },
  });
  log.info({}, `the recorder keeps the archive; health on port ${health.port}`);
  return async (signal) => {
    log.info({}, `${signal}: draining`);
    await recorder.stop(config.DRAIN_GRACE_MS);
    await Promise.allSettled([health.close(), writer.close(), objects.close()]);
    await bus.close();
  };
}

/** @returns the exit code: 0 when every file is whole now. */
async function check(): Promise<number> {
  const config = loadConfig();
  const [bus, objects, writer] = await Promise.all([
    openBus(config),
    openArchive(config),
    openSegmentWriter(),
  ]);
  const { files, repaired, lost } = await checkArchive(
    topicParts({ bus, objects, writer }),
    new AbortController().signal,
  );
  for (const line of repaired) console.log(`made anew: ${line}`);
  for (const line of lost) console.error(`lost: ${line}`);
  console.log(`${files} files: ${repaired.length} made anew, ${lost.length} lost`);
  await Promise.allSettled([bus.close(), objects.close(), writer.close()]);
  return lost.length === 0 ? 0 : 1;
}

/** A Trino that reads the topics is an older one, which takes no folder that is not there and calls a disk otherwise. */
async function printTables(catalog: string | undefined): Promise<void> {
  const config = loadConfig();
  const scheme = catalog === undefined ? 'local' : 'file';
  const location = config.ARCHIVE_URL.replace(
    /^file:(.*)/,
    (_, folder: string) => `${scheme}://${resolve(folder)}`,
  );
  if (catalog !== undefined) {
    const objects = await openArchive(config);
    await makeFolders(objects);
    await objects.close();
  }
  const statements = trinoTables(schemaNameOf(config.BUS_URL), location, catalog);
  for (const statement of statements) console.log(`${statement};\n`);
}

const [word, catalog, ...more] = process.argv.slice(2);
if (word === undefined) await runService('recorder', start);
else if (more.length > 0 || !(word === 'tables' || (word === 'check' && catalog === undefined))) {
  console.error(WORDS);
  process.exit(2);
} else {
  try {
    if (word === 'tables') await printTables(catalog);
    else process.exitCode = await check();
  } catch (error) {
    console.error(error instanceof GenfleetError ? `${error.code}: ${error.message}` : error);
    process.exitCode = 1;
  }
}
