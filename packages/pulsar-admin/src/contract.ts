import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Bus, Message, Position } from '@genfleet/bus';
import type { Topic } from '@genfleet/job';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';

/** A running Pulsar that others use as well. */
export interface SharedPulsar {
  readonly adminUrl: string;
  /** `pulsar+ws://host:port`, to publish as a stranger. */
  readonly wsUrl: string;
  readonly token?: string;
}

export interface PulsarContractOptions {
  readonly name: string;
  readonly pulsar: SharedPulsar;
  /** A new handle on `tenant/namespace`. */
  open(namespace: string): Promise<Bus>;
}

const WITHIN_MS = 45_000;
const HOUR_MS = 3_600_000;
/** Of a time that is told to the second. */
const CLOCK_ERROR_MS = 1_100;
const SUBSCRIPTION = 'workers';

async function until(what: string, holds: () => boolean | Promise<boolean>) {
  const deadline = performance.now() + WITHIN_MS;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`not within ${WITHIN_MS} ms: ${what}`);
    await sleep(20);
  }
}

async function readAll(bus: Bus, topic: Topic, from: Position): Promise<Message[]> {
  const stop = new AbortController();
  const signal = AbortSignal.any([stop.signal, AbortSignal.timeout(WITHIN_MS)]);
  const messages: Message[] = [];
  for await (const batch of bus.read(topic, { from, signal })) {
    messages.push(...batch.messages);
    if (batch.caughtUp) stop.abort();
  }
  if (!stop.signal.aborted) throw new Error('the read ended before it had caught up');
  return messages;
}

/** Publishes as a producer that batches would, in one entry. */
async function sendBatched(pulsar: SharedPulsar, path: string, values: readonly string[]) {
  const query = new URLSearchParams({
    batchingEnabled: 'true',
    batchingMaxMessages: String(values.length),
    batchingMaxPublishDelay: '5000',
    ...(pulsar.token ? { token: pulsar.token } : {}),
  });
  const socket = new WebSocket(`${pulsar.wsUrl.replace('pulsar+ws', 'ws')}/ws/v2/producer/${path}?${query}`);
  await new Promise((resolve, reject) => {
    socket.addEventListener('open', resolve, { once: true });
    socket.addEventListener('error', reject, { once: true });
  });
  let answers = 0;
  socket.addEventListener('message', () => {
    answers += 1;
  });
  for (const value of values) {
    socket.send(JSON.stringify({ payload: Buffer.from(value).toString('base64'), key: 'k' }));
  }
  await until('the batch is stored', () => answers === values.length);
  socket.close();
}

/** What holds on Pulsar beyond the law of the port, whichever protocol: what strangers and operators do to topics. */
export function pulsarContract(options: PulsarContractOptions): void {
  const namespace = `moves-${randomUUID().slice(0, 8)}/images`;
  const { pulsar } = options;

  async function admin(method: string, path: string, body?: unknown) {
    const answer = await fetch(`${pulsar.adminUrl}/admin/v2/${path}`, {
      method,
      headers: {
        'content-type': 'application/json',
        ...(pulsar.token ? { authorization: `Bearer ${pulsar.token}` } : {}),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    expect(answer.status).toBeLessThan(300);
    return method === 'GET' ? ((await answer.json()) as unknown) : undefined;
  }

  describe(`${options.name} on Pulsar`, () => {
    let bus: Bus;
    let topic: Topic;
    let path = '';
    beforeAll(async () => {
      bus = await options.open(namespace);
    });
    afterEach(async () => {
      await bus.close();
      bus = await options.open(namespace);
    });
    afterAll(() => bus.close());

    async function create(retentionMs = Number.POSITIVE_INFINITY) {
      topic = { name: `topic-${randomUUID()}`, persistent: true };
      path = `persistent/${namespace}/${topic.name}`;
      await bus.ensureTopics([{ topic, subscriptions: [SUBSCRIPTION], retentionMs }]);
    }

    async function collect(maxInFlight: number) {
      const values: string[] = [];
      await bus.subscribe(
        topic,
        SUBSCRIPTION,
        async (delivery) => {
          values.push(delivery.value);
          await delivery.ack();
        },
        { maxInFlight },
      );
      return values;
    }

    it('goes by the broker’s clock, by however many hours this process’s is wrong', async () => {
      await create();
      const trueNow = Date.now;
      for (const wrongMs of [3 * HOUR_MS, -3 * HOUR_MS]) {
        const clock = jest.spyOn(Date, 'now').mockImplementation(() => trueNow() + wrongMs);
        try {
          const values = await collect(3);
          const producer = await bus.producer(topic);
          const { publishTimeMs } = await producer.send({ key: 'k', value: 'now' });
          expect(Math.abs(publishTimeMs - trueNow())).toBeLessThan(CLOCK_ERROR_MS);
          const deliverAtMs = bus.nowMs() + 1_500;
          const sentMs = performance.now();
          await producer.send({ key: 'k', value: `at ${deliverAtMs}`, deliverAtMs });
          await until('it is delivered', () => values.includes(`at ${deliverAtMs}`));
          expect(performance.now() - sentMs).toBeGreaterThan(1_500 - CLOCK_ERROR_MS);
          expect(performance.now() - sentMs).toBeLessThan(30_000);
        } finally {
          clock.mockRestore();
        }
      }
    });

    it('goes on when a topic moves between brokers while everybody waits', async () => {
      await create();
      const producer = await bus.producer(topic);
      const consumed = await collect(3);
      const read: string[] = [];
      const stop = new AbortController();
      const reading = (async () => {
        for await (const { messages } of bus.read(topic, { from: 'earliest', signal: stop.signal })) {
          read.push(...messages.map((message) => message.value));
        }
      })();
      const sent: string[] = [];
      for (let move = 0; move < 2; move++) {
        for (let each = 0; each < 5; each++) {
          const value = `${move}.${each}`;
          await producer.send({ key: 'k', value });
          sent.push(value);
        }
        await until(`all before move ${move} came`, () => new Set(consumed).size >= sent.length);
        await admin('PUT', `${path}/unload`);
        await sleep(300);
      }
      await producer.send({ key: 'k', value: 'last' });
      await until('the last one comes', () => consumed.includes('last') && read.includes('last'));
      expect(read).toEqual([...sent, 'last']);
      stop.abort();
      await reading;
    }, 180_000);

    it('takes apart what another producer batched', async () => {
      await create();
      const consumed = await collect(2);
      const batched = ['a', 'b', 'c', 'd', 'e'];
      await sendBatched(pulsar, path, batched);
      const endOfBatch = await bus.lastMessageId(topic);
      const last = await (await bus.producer(topic)).send({ key: 'k', value: 'single' });
      const all = [...batched, 'single'];
      await until('all were consumed', () => new Set(consumed).size >= all.length);
      await until('all were acknowledged', async () => (await bus.backlog(topic, SUBSCRIPTION)) === 0);
      const messages = await readAll(bus, topic, 'earliest');
      expect(messages.map((message) => message.value)).toEqual(all);
      const ids = messages.map((message) => message.messageId);
      expect(ids).toEqual([...new Set(ids)].sort());
      expect(endOfBatch).toBe(ids.at(-2));
      expect(ids.at(-1)).toBe(last.messageId);
      expect(await bus.lastMessageId(topic)).toBe(last.messageId);
      for (const [place, afterMessageId] of ids.entries()) {
        const rest = await readAll(bus, topic, { afterMessageId });
        expect(rest.map((message) => message.value)).toEqual(all.slice(place + 1));
      }
    }, 180_000);

    it('registers a schema, which changes nothing for who sends and reads text', async () => {
      await create();
      const before = await bus.producer(topic);
      const consumed = await collect(10);
      await before.send({ key: 'k', value: '{"id":"before"}' });
      const schemaWith = (...names: string[]) => {
        const fields = names.map((name) => ({ name, type: ['null', 'string'], default: null }));
        return JSON.stringify({
          type: 'record',
          name: 'event',
          namespace: `genfleet.v${names.length}`,
          fields,
        });
      };
      const registered = async () =>
        (await admin('GET', `schemas/${namespace}/${topic.name}/schema`)) as {
          version: number;
          data: string;
        };
      const register = (schema: string) =>
        bus.ensureTopics([
          { topic, subscriptions: [SUBSCRIPTION], retentionMs: Number.POSITIVE_INFINITY, schema },
        ]);
      for (let again = 0; again < 2; again++) await register(schemaWith('id'));
      expect(await registered()).toMatchObject({ version: 0, type: 'JSON' });
      await before.send({ key: 'k', value: '{"id":"of the open producer"}' });
      const other = await options.open(namespace);
      await (await other.producer(topic)).send({ key: 'k', value: '{"id":"of a new producer"}' });
      await other.close();
      await register(schemaWith('id', 'tenant'));
      const { version, data } = await registered();
      expect(version).toBe(1);
      expect(JSON.parse(data)).toEqual(JSON.parse(schemaWith('id', 'tenant')));
      await before.send({ key: 'k', value: 'not what it says' });
      const all = ['{"id":"before"}', '{"id":"of the open producer"}', '{"id":"of a new producer"}'];
      expect((await readAll(bus, topic, 'earliest')).map(({ value }) => value)).toEqual([
        ...all,
        'not what it says',
      ]);
      await until('all were consumed', () => consumed.length === 4);
      await expect(register(schemaWith('id').replace('"string"', '"long"'))).rejects.toMatchObject({
        ...{ code: 'bus_unavailable', retryable: false },
        message: expect.stringContaining(`could not register the schema of ${topic.name}`),
      });
    }, 180_000);

    it('says that it caught up on a topic whose messages were all taken away', async () => {
      await create(0);
      const consumed = await collect(10);
      const producer = await bus.producer(topic);
      const first = await producer.send({ key: 'k', value: 'gone' });
      await until('it was consumed', () => consumed.length === 1);
      // every topic that is kept for ever would keep this one as well: retention is the namespace's
      await admin('POST', `${path}/retention`, { retentionTimeInMinutes: 0, retentionSizeInMB: 0 });
      await until('it was taken away', async () => {
        await admin('PUT', `${path}/unload`);
        await sleep(500);
        await admin('POST', `${path}/trim`);
        return (await readAll(bus, topic, 'earliest')).length === 0;
      });
      expect(await bus.lastMessageId(topic)).toBeUndefined();
      expect(await readAll(bus, topic, { afterMessageId: first.messageId })).toEqual([]);
      await producer.send({ key: 'k', value: 'new' });
      expect((await readAll(bus, topic, 'earliest')).map((message) => message.value)).toEqual(['new']);
    }, 180_000);
  });
}
