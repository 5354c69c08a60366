/**
 * One server of the admission benches: `genfleet.ts durable|undurable BUS_URL DIRECTORY`. The API as it is, over that
 * bus; `undurable` is the same handler over the same bus with a producer that stores nothing. Prints its port.
 */
import { join } from 'node:path';
import { openBus } from '../../packages/adapters/src/index.ts';
import { openFileStore } from '../../packages/artifacts-file/src/index.ts';
import { type Bus, fleetTopics } from '../../packages/bus/src/index.ts';
import { readConfig } from '../../packages/config/src/index.ts';
import { newJobId } from '../../packages/job/src/index.ts';
import { openView } from '../../packages/ledger/src/index.ts';
import { createLogger } from '../../packages/telemetry/src/index.ts';
import { startApi } from '../../services/api/src/index.ts';

const [mode = 'durable', busUrl = '', directory = ''] = process.argv.slice(2);
const log = createLogger({ level: 'warn', service: 'bench' });
const config = readConfig({ BUS_URL: busUrl, DATA_DIR: directory, PORT: '0' });
const bus = await openBus(config);
await bus.ensureTopics(fleetTopics());

let sent = 0;
const storesNothing: Pick<Bus, 'producer'> = {
  producer: async () => ({
    send: async () => {
      sent += 1;
      return { messageId: String(sent).padStart(16, '0'), publishTimeMs: Date.now() };
    },
    close: async () => undefined,
  }),
};
if (mode === 'undurable') Object.assign(bus, storesNothing);

const view = await openView({
  bus,
  file: join(directory, 'view.db'),
  kinds: ['txt2img'],
  log,
  now: Date.now,
});
const api = await startApi({
  bus,
  views: { txt2img: view, completion: view },
  artifacts: await openFileStore({ directory: join(directory, 'artifacts') }),
  config: { ...config, MAX_QUEUED_JOBS: 1_000_000_000 },
  log,
  clock: Date.now,
  newId: newJobId,
});
process.stdout.write(`${api.port}\n`);
process.on('SIGTERM', () => process.exit(0));
