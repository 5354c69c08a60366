import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Bus } from '@genfleet/bus';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ensureTopic, newFolder, readAll, SUBSCRIPTION, TOPIC, until } from '../test/bus-file.ts';
import { startPublisher } from '../test/publisher.ts';
import { openSqliteBus } from './index.ts';

const LIVES = 4;
const HOLDER = fileURLToPath(new URL('../test/holder.ts', import.meta.url));

let place: ReturnType<typeof newFolder>;
beforeEach(async () => {
  place = newFolder();
  const bus = await openSqliteBus({ file: place.file });
  await ensureTopic(bus);
  await bus.close();
});
afterEach(() => place.remove());

async function withBus(work: (bus: Bus) => Promise<void>) {
  const bus = await openSqliteBus({ file: place.file });
  try {
    await work(bus);
  } finally {
    await bus.close();
  }
}

/** Takes messages in a process of its own and is killed with them. */
async function holdAndDie(count: number) {
  const words = ['--disable-warning=ExperimentalWarning', HOLDER, place.file, TOPIC.name, String(count)];
  const child = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  child.kill('SIGKILL');
  await once(child, 'close');
}

describe('kill -9', () => {
  it('at any moment loses nothing acknowledged, with two publishers on one file, life after life', async () => {
    const acknowledged = new Map<string, number>();
    for (let life = 0; life < LIVES; life++) {
      const publishers = [startPublisher(place.file, TOPIC.name), startPublisher(place.file, TOPIC.name)];
      await until('both publish', () => publishers.every((one) => one.acknowledged().length > 0));
      await sleep(Math.random() * 200);
      await Promise.all(publishers.map((publisher) => publisher.kill()));
      for (const { number = 0, messageId = '' } of publishers.flatMap((one) => one.acknowledged())) {
        expect(acknowledged.has(messageId)).toBe(false);
        acknowledged.set(messageId, number);
      }
      await withBus(async (bus) => {
        const stored = await readAll(bus);
        const byId = new Map(stored.map(({ messageId, value }) => [messageId, value]));
        for (const [id, number] of acknowledged) expect(byId.get(id)?.split(' ')[0]).toBe(String(number));
        const times = stored.map(({ publishTimeMs }) => publishTimeMs);
        expect(times).toEqual([...times].sort((a, b) => a - b));
        expect(await bus.backlog(TOPIC, SUBSCRIPTION)).toBe(stored.length);
      });
    }
  }, 300_000);

  it('of the only process gives back what it held as soon as the next one is there', async () => {
    await withBus(async (bus) => {
      const producer = await bus.producer(TOPIC);
      for (let n = 0; n < 6; n++) await producer.send({ key: 'k', value: String(n) });
    });
    await holdAndDie(4);
    await withBus(async (bus) => {
      const seen: string[] = [];
      const keep = async ({ value }: { value: string }) => void seen.push(value);
      await bus.subscribe(TOPIC, SUBSCRIPTION, keep, { maxInFlight: 10 });
      await until('all are there', () => seen.length === 6);
      // what was held comes before what was never handed out, so nobody waited for a lease
      expect(seen).toEqual(['0', '1', '2', '3', '4', '5']);
    });
  });

  it('keeps delays: what was to come later comes later, also in the next life', async () => {
    const dueMs = Date.now() + 3_000;
    await withBus(async (bus) => {
      const producer = await bus.producer(TOPIC);
      await producer.send({ key: 'k', value: 'late', deliverAtMs: dueMs });
      await producer.send({ key: 'k', value: 'now' });
    });
    await holdAndDie(1);
    await withBus(async (bus) => {
      const seen = new Map<string, number>();
      const keep = async ({ value }: { value: string }) => void seen.set(value, Date.now());
      await bus.subscribe(TOPIC, SUBSCRIPTION, keep, { maxInFlight: 10 });
      await until('both are there', () => seen.has('now') && seen.has('late'));
      expect(seen.get('late')).toBeGreaterThanOrEqual(dueMs);
    });
  });
});

describe('two processes', () => {
  it('hear each other’s messages, durable or not', async () => {
    await withBus(async (bus) => {
      const live = { name: 'progress', persistent: false };
      const heard: string[] = [];
      const stop = new AbortController();
      const listen = async () => {
        for await (const { messages } of bus.read(live, { from: 'latest', signal: stop.signal })) {
          heard.push(...messages.map(({ value }) => value));
        }
      };
      const listening = listen();
      const durable: string[] = [];
      const keep = async ({ value }: { value: string }) => void durable.push(value.split(' ')[0] ?? '');
      await bus.subscribe(TOPIC, SUBSCRIPTION, keep, { maxInFlight: 10 });
      const publisher = startPublisher(place.file, TOPIC.name, live.name);
      await until('both came', () => heard.length > 2 && durable.length === 10);
      await publisher.kill();
      stop.abort();
      await listening;
      expect(durable).toEqual([...durable].sort((a, b) => Number(a) - Number(b)));
    });
  });
});
