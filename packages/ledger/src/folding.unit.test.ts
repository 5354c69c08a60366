import { encodeEvent, topicOf } from '@genfleet/job';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { MemoryBus } from '../test/memory-bus.ts';
import { PATIENCE_MS, recordingLog } from '../test/open.ts';
import { completed, plainId, requested, started } from '../test/plain-job.ts';
import { ChangeListeners } from './change-listeners.ts';
import { Folding } from './folding.ts';

// on a machine that is busy with other things
jest.setTimeout(300_000);

const REQUESTED = topicOf('requested', 'txt2img');
const COMPLETED = topicOf('completed', 'txt2img').name;
const JOBS = 300;

let bus: MemoryBus;
let recorded: ReturnType<typeof recordingLog>;
let folding: Folding;
let listeners: ChangeListeners;
beforeEach(() => {
  bus = new MemoryBus();
  recorded = recordingLog();
  const { log } = recorded;
  const options = { bus, file: ':memory:', kinds: ['txt2img'] as const, log, now: Date.now };
  listeners = new ChangeListeners(log);
  folding = new Folding(options, listeners);
});
afterEach(() => folding.close());

function publish(from: number, to: number): string {
  let last = '';
  for (let n = from; n < to; n++) {
    for (const event of [requested(n), started(n), completed(n)]) {
      const message = { key: event.id, value: encodeEvent(event) };
      last = bus.append(topicOf(event.type, 'txt2img'), message).messageId;
    }
  }
  return last;
}

const logged = (part: string) => recorded.lines.some(({ msg }) => msg.includes(part));
async function until(isSo: () => boolean): Promise<void> {
  const untilMs = Date.now() + PATIENCE_MS;
  while (!isSo()) {
    if (Date.now() > untilMs) throw new Error('waited in vain');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

describe('folding', () => {
  it('waits while the disk is full, and then goes on with nothing lost or counted twice', async () => {
    const told: string[] = [];
    publish(0, 20);
    expect(await folding.caughtUp(PATIENCE_MS)).toBe(true);
    const { db } = folding.store;
    const pages = Number(db.prepare('PRAGMA page_count').get()?.['page_count']);
    db.exec(`PRAGMA max_page_count = ${pages}`);
    listeners.add(undefined, ({ order }) => told.push(order.messageId), new AbortController().signal);
    publish(20, JOBS);
    await until(() => logged('folding failed'));
    // what was folded before can be asked all the while
    expect(folding.store.read(plainId(3))?.outcome?.type).toBe('completed');
    expect(db.prepare('SELECT count(*) AS jobs FROM job').get()?.['jobs']).toBeLessThan(JOBS);
    db.exec('PRAGMA max_page_count = 1000000');
    expect(await folding.caughtUp(PATIENCE_MS)).toBe(true);
    const { counts } = folding.saved();
    expect(counts.matching({})).toBe(JOBS);
    expect(counts.matching({ status: ['completed'] })).toBe(JOBS);
    expect(counts.waiting()).toEqual(new Map());
    // told once, though much of it was folded again and again
    expect(told).toHaveLength(3 * (JOBS - 20));
    for (let n = 0; n < JOBS; n++) expect(folding.store.read(plainId(n))?.outcome?.type).toBe('completed');
  });

  it('writes what it folded by itself, and at once when lists are asked for; a job is answered from memory', async () => {
    const rows = () => Number(folding.store.db.prepare('SELECT count(*) AS n FROM body').get()?.['n']);
    await until(() => folding.ready);
    const last = publish(0, 3);
    expect(await folding.caughtUp(PATIENCE_MS)).toBe(true);
    await until(() => rows() === 3 && folding.store.cursors.get(COMPLETED) === last);
    publish(3, 6);
    expect(await folding.caughtUp(PATIENCE_MS)).toBe(true);
    const written = rows();
    expect(folding.job(plainId(4))?.outcome?.type).toBe('completed');
    expect(rows()).toBe(written);
    expect(folding.saved().read(plainId(4))?.outcome?.type).toBe('completed');
    expect(rows()).toBe(6);
    expect(folding.job(plainId(4))).toEqual(folding.store.read(plainId(4)));
  });

  it('reads a topic again from where it stands when reading fails', async () => {
    publish(0, 50);
    expect(await folding.caughtUp(PATIENCE_MS)).toBe(true);
    bus.fail(new Error('connect ECONNREFUSED'));
    await until(() => logged('cannot read a topic'));
    expect(await folding.caughtUp(20)).toBe(false);
    bus.fault = undefined;
    publish(50, 100);
    expect(await folding.caughtUp(PATIENCE_MS)).toBe(true);
    expect(folding.counts().matching({ status: ['completed'] })).toBe(100);
    expect(bus.yielded).toBe(bus.appended);
  });

  it('reads no further ahead than two batches while the fold is held up', async () => {
    const { db } = folding.store;
    await until(() => folding.ready);
    db.exec(`PRAGMA max_page_count = ${Number(db.prepare('PRAGMA page_count').get()?.['page_count'])}`);
    for (let n = 0; n < 5_000; n++) bus.append(REQUESTED, { key: 'k', value: encodeEvent(requested(n)) });
    await until(() => logged('folding failed'));
    expect(bus.yielded).toBeLessThanOrEqual(2_000);
  });
});
