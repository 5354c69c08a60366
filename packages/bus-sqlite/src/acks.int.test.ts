import { type Bus, type Delivery, MAX_MESSAGE_BYTES } from '@genfleet/bus';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ensureTopic, newFolder, SUBSCRIPTION, TOPIC, until } from '../test/bus-file.ts';
import { openSqliteBus } from './index.ts';

let place: ReturnType<typeof newFolder>;
let bus: Bus;
beforeEach(async () => {
  place = newFolder();
  bus = await openSqliteBus({ file: place.file });
  await ensureTopic(bus);
});
afterEach(async () => {
  await bus.close();
  place.remove();
});

/** A message in the hands of a consumer that takes no second one. */
async function delivered(): Promise<Delivery> {
  const deliveries: Delivery[] = [];
  const keep = async (delivery: Delivery) => void deliveries.push(delivery);
  await bus.subscribe(TOPIC, SUBSCRIPTION, keep, { maxInFlight: 1 });
  await (await bus.producer(TOPIC)).send({ key: 'k', value: 'job' });
  await until('it was delivered', () => deliveries.length === 1);
  return deliveries[0] as Delivery;
}

describe('a delivery', () => {
  it('says whether it is the first of its message, also after one that was given back or waited for its time', async () => {
    const told: (readonly [string, boolean | undefined])[] = [];
    const tell = async (delivery: Delivery) => {
      told.push([delivery.value, delivery.redelivered]);
      if (delivery.value === 'refused' && told.length < 4) await delivery.nack(200);
      else if (delivery.value !== 'held') await delivery.ack();
    };
    const first = await bus.subscribe(TOPIC, SUBSCRIPTION, tell, { maxInFlight: 4 });
    const producer = await bus.producer(TOPIC);
    await producer.send({ key: 'k', value: 'refused' });
    await producer.send({ key: 'k', value: 'held' });
    await producer.send({ key: 'k', value: 'later', deliverAtMs: Date.now() + 100 });
    await until('each was handed out', () => told.length === 4);
    await first.close();
    await bus.subscribe(TOPIC, SUBSCRIPTION, tell, { maxInFlight: 4 });
    await until('what was held came again', () => told.length === 5);
    expect(told).toEqual([
      ['refused', false],
      ['held', false],
      ['later', false],
      ['refused', true],
      ['held', true],
    ]);
  });
});

describe('a message that acknowledges a delivery', () => {
  it('has done so once it is sent; to do it again changes nothing', async () => {
    const delivery = await delivered();
    const producer = await bus.producer(TOPIC);
    await producer.send({ key: 'k', value: 'outcome', acks: [delivery] });
    expect(await bus.backlog(TOPIC, SUBSCRIPTION)).toBe(1);
    await delivery.ack();
    expect(await bus.backlog(TOPIC, SUBSCRIPTION)).toBe(1);
  });

  it('has not when it is refused', async () => {
    const delivery = await delivered();
    const producer = await bus.producer(TOPIC);
    const value = 'x'.repeat(MAX_MESSAGE_BYTES + 1);
    await expect(producer.send({ key: 'k', value, acks: [delivery] })).rejects.toMatchObject({
      code: 'message_too_large',
    });
    expect(await bus.backlog(TOPIC, SUBSCRIPTION)).toBe(1);
  });
});

describe('a message in no hurry', () => {
  it('keeps its order, and goes by itself when nothing else does', async () => {
    const producer = await bus.producer(TOPIC);
    const sent = [true, false, true].map((unhurried) => producer.send({ key: 'k', value: 'v', unhurried }));
    const ids = (await Promise.all(sent)).map(({ messageId }) => messageId);
    expect(ids).toEqual([...ids].sort());
    const last = producer.send({ key: 'k', value: 'v', unhurried: true });
    await bus.close();
    expect((await last).messageId > (ids[2] ?? '')).toBe(true);
  });
});
