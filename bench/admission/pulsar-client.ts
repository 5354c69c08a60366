/**
 * `pulsar-client.ts PULSAR_URL TOPIC BYTES batched|single`: what the native client alone publishes from one process, as many at once
 * as the benches have connections, each of so many bytes. For each line on its input it does a round, and prints the
 * figures of it.
 */
import { createInterface } from 'node:readline';
import { loadNative } from '../../packages/bus-pulsar/src/native.ts';
import { LOAD } from './contender.ts';

const [serviceUrl = '', topic = '', bytes = '0', mode = 'batched'] = process.argv.slice(2);
const native = await loadNative();
const client = new native.Client({ serviceUrl, logLevel: 3 });
const producer = await client.createProducer({
  topic,
  maxPendingMessages: 1_000,
  batchingEnabled: mode === 'batched',
});
const data = Buffer.alloc(Number(bytes), 'x');

async function round(): Promise<number> {
  const fromMs = performance.now() + LOAD.warmUpMs;
  const toMs = fromMs + LOAD.measureMs;
  let acknowledged = 0;
  const sender = async () => {
    for (let nowMs = 0; nowMs < toMs; nowMs = performance.now()) {
      await producer.send({ data, partitionKey: 'k' });
      if (nowMs >= fromMs) acknowledged += 1;
    }
  };
  await Promise.all(Array.from({ length: LOAD.connections }, sender));
  return acknowledged / (LOAD.measureMs / 1_000);
}

process.stdout.write('0\n');
for await (const _ of createInterface(process.stdin)) process.stdout.write(`${await round()}\n`);
await producer.close();
await client.close();
