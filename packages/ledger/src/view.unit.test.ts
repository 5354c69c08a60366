import { encodeEvent, type JobStatus, statusOf, topicOf } from '@genfleet/job';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import fc from 'fast-check';
import { Expected, fleetLedger, publish, someFilter, somePage } from '../test/fleet-ledger.test.ts';
import { MemoryBus } from '../test/memory-bus.ts';
import { openedView, PATIENCE_MS, recordingLog } from '../test/open.ts';
import { completed, plainId as idOf, requested, started } from '../test/plain-job.ts';
import type { Change, LocalView } from './view.ts';

// on a machine that is busy with other things
jest.setTimeout(300_000);

const views: LocalView[] = [];
afterEach(async () => {
  for (const view of views.splice(0)) await view.close();
});
async function viewOf(bus: MemoryBus, more: Parameters<typeof openedView>[1] = {}): Promise<LocalView> {
  const view = await openedView(bus, more);
  views.push(view);
  return view;
}

const REQUESTED = topicOf('requested', 'txt2img');
const STARTED = topicOf('started', 'txt2img');
const COMPLETED = topicOf('completed', 'txt2img');
const message = (event: Parameters<typeof encodeEvent>[0]) => ({ key: event.id, value: encodeEvent(event) });

describe('a view of any ledger', () => {
  it('answers what all states together say', async () => {
    const questions = fc.array(fc.tuple(someFilter, somePage), { minLength: 5, maxLength: 10 });
    await fc.assert(
      fc.asyncProperty(fleetLedger, questions, async (ledger, asked) => {
        const bus = new MemoryBus();
        publish(bus, ledger);
        const view = await openedView(bus);
        const expected = new Expected(ledger);
        for (let n = 0; n < 9; n++) {
          expect(view.job(idOf(n))).toEqual(expected.states.get(idOf(n)));
          expect(view.position(idOf(n))).toBe(expected.position(idOf(n)));
        }
        for (const [filter, page] of asked) {
          const { limit, offset, before } = page;
          const listed = expected.jobs(filter).filter(({ id }) => before === undefined || id < before);
          expect(view.jobs(filter, page)).toEqual(listed.slice(offset, offset + limit));
          expect(view.count(filter)).toBe(expected.jobs(filter).length);
        }
        expect(view.waiting()).toEqual(expected.waiting());
        expect(view.jobByIdempotencyKey('k'.repeat(64))).toEqual(expected.byKey('k'.repeat(64)));
        expect(view.jobByIdempotencyKey('none')).toBeUndefined();
        await view.close();
      }),
      { numRuns: 150 },
    );
  });

  it('answers the same when the events come one by one, while it is asked', async () => {
    await fc.assert(
      fc.asyncProperty(fleetLedger, async (ledger) => {
        const bus = new MemoryBus();
        const view = await openedView(bus);
        for (const [at, placed] of ledger.entries()) {
          publish(bus, [placed]);
          const topic = topicOf(placed.event.type, 'txt2img');
          expect(await view.applied(topic, placed.order.messageId, PATIENCE_MS)).toBe(true);
          if (at % 5 === 0)
            expect(view.jobs({}, { limit: 9, offset: 0 })).toEqual(
              new Expected(ledger.slice(0, at + 1)).jobs({}),
            );
        }
        const expected = new Expected(ledger);
        expect(view.waiting()).toEqual(expected.waiting());
        for (let n = 0; n < 8; n++) expect(view.position(idOf(n))).toBe(expected.position(idOf(n)));
        await view.close();
      }),
      { numRuns: 50 },
    );
  });
});

describe('a view', () => {
  it('shows a job through its life', async () => {
    const bus = new MemoryBus();
    const view = await viewOf(bus);
    const seen: JobStatus[] = [];
    for (const event of [requested(0), started(0), completed(0)]) {
      const topic = topicOf(event.type, 'txt2img');
      const { messageId } = bus.append(topic, message(event));
      expect(await view.applied(topic, messageId, PATIENCE_MS)).toBe(true);
      const state = view.job(event.id);
      if (state) seen.push(statusOf(state));
    }
    expect(seen).toEqual(['queued', 'running', 'completed']);
    expect(view.meanRunMs('genfleet-demo')).toBe(100);
  });

  it('averages run times with a weight of a tenth for the newest, each job once', async () => {
    const bus = new MemoryBus();
    for (const [n, ms] of [100, 200].entries()) {
      bus.append(REQUESTED, message(requested(n)));
      for (let times = 0; times < 2; times++) bus.append(COMPLETED, message(completed(n, ms)));
    }
    const view = await viewOf(bus);
    expect(view.meanRunMs('genfleet-demo')).toBeCloseTo(110);
    expect(view.meanRunMs('another')).toBeUndefined();
  });

  it('says false when a message does not come in time', async () => {
    const view = await viewOf(new MemoryBus());
    expect(await view.applied(REQUESTED, '000000000001', 20)).toBe(false);
  });

  it('is ready, and caught up, on topics that hold nothing', async () => {
    const view = await viewOf(new MemoryBus());
    expect(view.ready).toBe(true);
    expect(await view.caughtUp(PATIENCE_MS)).toBe(true);
    expect(view.jobs({}, { limit: 10, offset: 0 })).toEqual([]);
  });

  it('leaves out and counts what it cannot read', async () => {
    const bus = new MemoryBus();
    const { log, lines } = recordingLog();
    bus.append(REQUESTED, { key: 'k', value: '{"type":' });
    bus.append(REQUESTED, { key: 'k', value: JSON.stringify({ ...requested(1), version: 99 }) });
    bus.append(STARTED, message(requested(2)));
    bus.append(REQUESTED, message(requested(0)));
    const view = await viewOf(bus, { log });
    expect(view.count({})).toBe(1);
    expect(view.unreadable).toBe(3);
    expect(lines.filter(({ level, msg }) => level === 40 && msg.includes('left out'))).toHaveLength(3);
  });

  it('tells listeners of the job and of any job, after the fold, until they stop', async () => {
    const bus = new MemoryBus();
    const view = await viewOf(bus);
    const [mine, all] = [new AbortController(), new AbortController()];
    const seen: string[] = [];
    const note =
      (name: string) =>
      ({ event, state }: Change) => {
        expect(view.job(event.id)).toEqual(state);
        seen.push(`${name} ${event.type} ${statusOf(state)}`);
      };
    view.onChange(requested(0).id, note('mine'), mine.signal);
    view.onChange(
      undefined,
      () => {
        throw new Error('a bug of the listener');
      },
      all.signal,
    );
    view.onChange(undefined, note('all'), all.signal);
    bus.append(REQUESTED, message(requested(0)));
    bus.append(REQUESTED, message(requested(0)));
    bus.append(REQUESTED, message(requested(1)));
    expect(await view.caughtUp(PATIENCE_MS)).toBe(true);
    expect(seen).toEqual(['mine requested queued', 'all requested queued', 'all requested queued']);
    mine.abort();
    bus.append(STARTED, message(started(0)));
    expect(await view.caughtUp(PATIENCE_MS)).toBe(true);
    expect(seen.slice(3)).toEqual(['all started running']);
    all.abort();
    bus.append(STARTED, message(started(1)));
    expect(await view.caughtUp(PATIENCE_MS)).toBe(true);
    expect(seen).toHaveLength(4);
  });

  it('caps only the count of a grouping and of a time', async () => {
    const bus = new MemoryBus();
    for (let n = 0; n < 10_050; n++) bus.append(REQUESTED, message(requested(n, { grouping: 'many' })));
    const view = await viewOf(bus);
    expect(view.count({})).toBe(10_050);
    expect(view.count({ grouping: 'many' })).toBe(10_000);
    expect(view.count({ fromMs: 0 })).toBe(10_000);
    expect(view.count({ grouping: 'many', status: ['completed'] })).toBe(0);
    expect(view.position(requested(10_049).id)).toBe(10_049);
    expect(view.jobs({ grouping: 'many' }, { limit: 2, offset: 10_048 }).map(({ id }) => id)).toEqual([
      requested(1).id,
      requested(0).id,
    ]);
  });

  it('does not hold up the event loop while it folds', async () => {
    const bus = new MemoryBus();
    const view = await viewOf(bus);
    for (let n = 0; n < 5_000; n++) bus.append(REQUESTED, message(requested(n)));
    const caughtUp = view.caughtUp(PATIENCE_MS);
    let turns = 0;
    let isDone = false;
    void caughtUp.then(() => {
      isDone = true;
    });
    while (!isDone) {
      turns += 1;
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(await caughtUp).toBe(true);
    // at most a hundred messages in one turn
    expect(turns).toBeGreaterThanOrEqual(5_000 / 100);
  });
});
