import { encodeEvent, type JobEvent, topicOf } from '@genfleet/job';
import { describe, expect, it, jest } from '@jest/globals';
import { MemoryBus } from '../test/memory-bus.ts';
import { openedView, PATIENCE_MS, recordingLog } from '../test/open.ts';
import { completed, plainId, requested, started } from '../test/plain-job.ts';
import type { LocalView } from './view.ts';

// on a machine that is busy with other things
jest.setTimeout(300_000);

const HOUR_MS = 3_600_000;
const START_MS = Date.parse('2026-03-01T12:00:00.000Z');

/** Event of the n-th job, which was requested n hours after the start. */
function hourly<T extends JobEvent>(n: number, event: T): T {
  return { ...event, id: plainId(n, START_MS + n * HOUR_MS) };
}
const idOf = (n: number) => hourly(n, requested(n)).id;

function append(bus: MemoryBus, event: JobEvent, n: number): string {
  const message = { key: event.id, value: encodeEvent(event) };
  return bus.append(topicOf(event.type, 'txt2img'), message, START_MS + n * HOUR_MS).messageId;
}

function filled(jobs: number): MemoryBus {
  const bus = new MemoryBus();
  for (let n = 0; n < jobs; n++) {
    const idempotency = { key_sha256: `key ${n}`, body_sha256: 'b' };
    append(bus, { ...hourly(n, requested(n, { grouping: 'g' })), idempotency }, n);
    append(bus, hourly(n, started(n)), n);
    if (n % 2 === 0) append(bus, hourly(n, completed(n)), n);
  }
  return bus;
}

async function until(isSo: () => boolean): Promise<void> {
  const untilMs = Date.now() + PATIENCE_MS;
  while (!isSo()) {
    if (Date.now() > untilMs) throw new Error('waited in vain');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

const held = (view: LocalView, jobs: number) =>
  Array.from({ length: jobs }, (_, n) => n).filter((n) => view.job(idOf(n)) !== undefined);

describe('a view with a window', () => {
  it('holds only what was requested within it, and reads no more than that', async () => {
    const bus = filled(20);
    const now = () => START_MS + 20 * HOUR_MS;
    const view = await openedView(bus, { now, windowMs: 5 * HOUR_MS });
    expect(held(view, 20)).toEqual([15, 16, 17, 18, 19]);
    expect(view.count({})).toBe(5);
    expect(view.coversFromMs).toBe(START_MS + 15 * HOUR_MS);
    expect(bus.yielded).toBeLessThan(bus.appended / 2);
    await view.close();
  });

  it('lets go of what falls out of it: jobs, counts, keys and late events', async () => {
    const bus = filled(20);
    let hours = 20;
    const now = () => START_MS + hours * HOUR_MS;
    const view = await openedView(bus, { now, windowMs: 30 * HOUR_MS });
    expect(view.count({})).toBe(20);
    hours = 45;
    append(bus, hourly(40, requested(40)), 40);
    await until(() => view.count({}) === 6);
    expect(held(view, 41)).toEqual([15, 16, 17, 18, 19, 40]);
    expect(view.coversFromMs).toBe(START_MS + 15 * HOUR_MS);
    expect(view.jobs({ grouping: 'g' }, { limit: 100, offset: 0 })).toHaveLength(5);
    expect(view.waiting()).toEqual(new Map([['genfleet-demo', { queued: 1, running: 3 }]]));
    expect([view.jobByIdempotencyKey('key 14'), view.jobByIdempotencyKey('key 15')?.id]).toEqual([
      undefined,
      idOf(15),
    ]);
    const late = append(bus, hourly(3, completed(3)), 45);
    expect(await view.applied(topicOf('completed', 'txt2img'), late, PATIENCE_MS)).toBe(true);
    expect(view.job(idOf(3))).toBeUndefined();
    await view.close();
  });

  it('keeps ids that carry no time', async () => {
    const bus = filled(3);
    const id = '54e72518-c85a-4780-95ae-d46ee6879a15';
    const request = { ...requested(0), id };
    bus.append(
      topicOf('requested', 'txt2img'),
      { key: id, value: encodeEvent(request) },
      START_MS + 9 * HOUR_MS,
    );
    let hours = 10;
    const view = await openedView(bus, { now: () => START_MS + hours * HOUR_MS, windowMs: 20 * HOUR_MS });
    expect(view.count({})).toBe(4);
    hours = 100;
    append(bus, hourly(99, requested(99)), 99);
    await until(() => view.count({}) === 2);
    expect(view.job(id)?.request).toEqual(request);
    await view.close();
  });
});

describe('a view that begins late', () => {
  const from = { atTimeMs: START_MS + 15 * HOUR_MS };

  it('knows nothing of older jobs until it is made to cover them, and then all', async () => {
    const bus = filled(20);
    const view = await openedView(bus, { from });
    const whole = await openedView(bus);
    expect(held(view, 20)).toEqual([15, 16, 17, 18, 19]);
    expect([view.coversFromMs, whole.coversFromMs]).toEqual([from.atTimeMs, 0]);
    expect(await view.cover(START_MS + 16 * HOUR_MS, 0)).toBe(true);
    const earlier = START_MS + 4 * HOUR_MS;
    const covering = [view.cover(earlier, PATIENCE_MS), view.cover(earlier + HOUR_MS, PATIENCE_MS)];
    append(bus, hourly(5, completed(5)), 21);
    append(bus, hourly(21, requested(21)), 21);
    expect(await Promise.all(covering)).toEqual([true, true]);
    expect([await view.caughtUp(PATIENCE_MS), await whole.caughtUp(PATIENCE_MS)]).toEqual([true, true]);
    expect(view.coversFromMs).toBe(earlier);
    expect(held(view, 22)).toEqual([4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 21]);
    for (let n = 4; n < 22; n++) expect(view.job(idOf(n))).toEqual(whole.job(idOf(n)));
    expect(await view.cover(0, PATIENCE_MS)).toBe(true);
    expect(view.jobs({}, { limit: 100, offset: 0 })).toEqual(whole.jobs({}, { limit: 100, offset: 0 }));
    expect(view.waiting()).toEqual(whole.waiting());
    await Promise.all([view.close(), whole.close()]);
  });

  it('says false while it cannot be extended, and is extended once it can', async () => {
    const bus = filled(20);
    const view = await openedView(bus, { from });
    bus.fail(new Error('connect ECONNREFUSED'));
    expect(await view.cover(START_MS, 50)).toBe(false);
    expect(view.coversFromMs).toBe(from.atTimeMs);
    bus.fault = undefined;
    expect(await view.cover(START_MS, PATIENCE_MS)).toBe(true);
    expect(view.count({})).toBe(20);
    await view.close();
  });

  it('closes while an extension is awaited', async () => {
    const bus = filled(20);
    const view = await openedView(bus, { from });
    const covering = view.cover(START_MS, PATIENCE_MS);
    const waiting = [
      view.applied(topicOf('dead', 'txt2img'), '000000000001', PATIENCE_MS),
      view.caughtUp(PATIENCE_MS),
    ];
    await view.close();
    expect(typeof (await covering)).toBe('boolean');
    expect(await waiting[0]).toBe(false);
    expect(typeof (await waiting[1])).toBe('boolean');
    await view.close();
  });

  it('is caught up though the newest messages of a topic are older than it reads', async () => {
    const bus = filled(3);
    const view = await openedView(bus, {
      from: { atTimeMs: START_MS + 100 * HOUR_MS },
      log: recordingLog().log,
    });
    expect(view.ready).toBe(true);
    expect(view.count({})).toBe(0);
    await view.close();
  });
});
