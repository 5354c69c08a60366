/**
 * `node bench/admission-pulsar.ts`: durable jobs per second through `POST /images/` at 64 connections on a Pulsar with
 * fsync, over the native client, beside what that client alone publishes from one process with as many messages in
 * flight, and beside the same handler that publishes nothing, which is what Express allows. The client batches unless it
 * is told not to; jobs are not batched, since a batch goes to one worker whole. All in one go, in turn.
 */
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { openBus } from '../packages/adapters/src/index.ts';
import { fleetTopics } from '../packages/bus/src/index.ts';
import { readConfig } from '../packages/config/src/index.ts';
import { topicOf } from '../packages/job/src/index.ts';
import { provideNativeClient, startOwnPulsar } from '../tools/provision/components.ts';
import { type Contender, measure, ROUNDS, report, start } from './admission/contender.ts';

const WANTED = { client: 0.5, express: 1 };
const REQUESTS = topicOf('requested', 'txt2img');

const native = await provideNativeClient();
if (native.missing) throw new Error(`the native client is missing: ${native.missing}`);
const own = await startOwnPulsar({ tokens: false });
if ('missing' in own) throw new Error(`Pulsar is missing: ${own.missing}`);
const pulsar = own;
const directory = mkdtempSync(join(tmpdir(), 'genfleet-bench-'));
process.on('exit', () => rmSync(directory, { recursive: true, force: true }));

/** A namespace of its own with all topics in it; its address. */
async function namespace(name: string): Promise<string> {
  const url = `${pulsar.url}/bench/${name}?adminUrl=${pulsar.adminUrl}`;
  const bus = await openBus(readConfig({ BUS_URL: url }));
  await bus.ensureTopics(fleetTopics());
  await bus.close();
  return url;
}

async function api(name: string, mode: string): Promise<Contender> {
  return await start(name, 'genfleet.ts', [mode, await namespace(mode), join(directory, mode)]);
}

/** The bytes of a job's first message, as the API publishes it. */
async function requestBytes(url: string): Promise<number> {
  const bus = await openBus(readConfig({ BUS_URL: url }));
  const signal = AbortSignal.timeout(30_000);
  try {
    for await (const { messages } of bus.read(REQUESTS, { from: 'earliest', signal, batchSize: 1 })) {
      const [first] = messages;
      if (first) return Buffer.byteLength(first.value);
    }
  } finally {
    await bus.close();
  }
  throw new Error('no job was published');
}

async function alone(
  mode: 'batched' | 'single',
  bytes: number,
): Promise<Contender & { measure(round: number): Promise<void> }> {
  await namespace(mode);
  const topic = `persistent://bench/${mode}/${REQUESTS.name}`;
  const contender = await start(`pulsar-client alone, ${mode}`, 'pulsar-client.ts', [
    pulsar.url,
    topic,
    String(bytes),
    mode,
  ]);
  const { stdin, stdout } = contender.process;
  if (!stdin || !stdout) throw new Error('the client has no pipes');
  const lines = createInterface(stdout);
  return {
    ...contender,
    async measure(round) {
      stdin.write('\n');
      const [perSecond] = (await once(lines, 'line')) as [string];
      contender.results.push({ perSecond: Number(perSecond) });
      console.log(`round ${round}  ${contender.name.padEnd(38)} ${Number(perSecond).toFixed(0)} messages/s`);
    },
  };
}

const durable = await api('genfleet', 'durable');
const undurable = await api('same handler, nothing published', 'undurable');
await measure(durable, 0);
durable.results.pop();
const bytes = await requestBytes(`${pulsar.url}/bench/durable?adminUrl=${pulsar.adminUrl}`);
const clients = [await alone('batched', bytes), await alone('single', bytes)];

for (let round = 1; round <= ROUNDS; round++) {
  await measure(durable, round);
  await measure(undurable, round);
  for (const client of clients) await client.measure(round);
}
report(durable, [
  { ...undurable, wanted: WANTED.express },
  ...clients.map((client) => ({ ...client, wanted: WANTED.client })),
]);
await pulsar.destroy();
process.exit(0);
