/**
 * The process that the suite kills. Arguments: the adapter's module, the bus's address, a role, its topic and a
 * number. It prints one JSON text per line; writes to a pipe are synchronous here, so what was printed was true.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Topic } from '@genfleet/job';
import type { Bus } from '../bus.ts';

const say = (line: unknown) => process.stdout.write(`${JSON.stringify(line)}\n`);

/** Publishes for ever with `inFlight` sends under way, and says each one that was acknowledged. */
async function publish(bus: Bus, topic: Topic, inFlight: number) {
  const producer = await bus.producer(topic);
  let next = 0;
  const sender = async () => {
    for (;;) {
      const value = String(next++);
      const { messageId } = await producer.send({ key: `key-${Number(value) % 7}`, value });
      say({ value, messageId });
    }
  };
  await Promise.all(Array.from({ length: inFlight }, sender));
}

/** Takes up to `maxInFlight` messages, says which, and never settles them. */
async function hold(bus: Bus, topic: Topic, maxInFlight: number) {
  await bus.subscribe(topic, 'workers', async (delivery) => void say({ value: delivery.value }), {
    maxInFlight,
  });
  await sleep(2 ** 30);
}

/** A stalled consumer and a stalled reader on a large topic: says by how much the process grew, in bytes. */
async function stall(bus: Bus, topic: Topic, maxInFlight: number) {
  await bus.ping(30_000);
  const before = process.memoryUsage.rss();
  let held = 0;
  const keep = async () => {
    held += 1;
  };
  await bus.subscribe(topic, 'workers', keep, { maxInFlight });
  const reader = bus
    .read(topic, { from: 'earliest', signal: AbortSignal.timeout(2 ** 30), batchSize: 10 })
    [Symbol.asyncIterator]();
  await reader.next();
  while (held < maxInFlight) await sleep(10);
  await sleep(1_500);
  say({ held, grownBytes: process.memoryUsage.rss() - before });
  await sleep(2 ** 30);
}

const ROLES: Readonly<Record<string, (bus: Bus, topic: Topic, count: number) => Promise<void>>> = {
  publish,
  hold,
  stall,
};

const [module = '', address = '', role = '', topicName = '', count = ''] = process.argv.slice(2);
const { openBus } = (await import(module)) as { openBus(address: string): Promise<Bus> };
const run = ROLES[role];
if (!run) throw new Error(`no such role: ${role}`);
await run(await openBus(address), { name: topicName, persistent: true }, Number(count));
