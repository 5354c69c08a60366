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
const bus = await openBus(readConfig({ BUS_URL: busUrl, DATA_DIR: directory }));
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
  config: {
    HOST: '127.0.0.1',
    PORT: 0,
    PUBLIC_URL: undefined,
    MAX_BODY_BYTES: 262_144,
    MAX_QUEUED_JOBS: 1_000_000_000,
    MODELS: [],
    ARTIFACT_URL_TTL_SECONDS: 3_600,
    COMPLETION_DEADLINE_SECONDS: 60,
    DRAIN_GRACE_MS: 1_000,
    WEBHOOK_SECRET: undefined,
    WEBHOOK_ALLOW_PRIVATE: false,
    DOCS_URL: undefined,
    OPENAPI_URL: undefined,
    REDOC_URL: undefined,
    AUTH: 'none',
    BYPASS_EXTERNAL_AUTH: false,
    TENANT_HEADER: undefined,
    OPERATORS: [],
    LEDGER_QUERY: true,
  },
  log,
  clock: Date.now,
  newId: newJobId,
});
process.stdout.write(`${api.port}\n`);
process.on('SIGTERM', () => process.exit(0));
