import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type Bus, fleetTopics } from '@genfleet/bus';
import { openSqliteBus } from '@genfleet/bus-sqlite';
import { encodeEvent, JOB_STATUSES, type JobEvent, topicOf } from '@genfleet/job';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import fc from 'fast-check';
import { fleetLedger } from '../test/fleet-ledger.test.ts';
import { openedView, PATIENCE_MS, recordingLog } from '../test/open.ts';
import { completed, plainId, requested, started } from '../test/plain-job.ts';
import type { LocalView, View } from './view.ts';

// on a machine that is busy with other things
jest.setTimeout(300_000);

const CHILD = fileURLToPath(new URL('../test/fold-child.ts', import.meta.url));

let folder: string;
let bus: Bus;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'genfleet-view-'));
  bus = await openSqliteBus({ file: join(folder, 'fleet.db') });
  await bus.ensureTopics(fleetTopics());
});
afterEach(async () => {
  await bus.close();
  await rm(folder, { recursive: true, force: true });
});

async function send(...events: readonly JobEvent[]): Promise<void> {
  for (const event of events) {
    const producer = await bus.producer(topicOf(event.type, event.kind));
    await producer.send({ key: event.id, value: encodeEvent(event) });
  }
}

/** All that a view can be asked, but for estimates. */
function answers(view: View, ids: readonly string[]) {
  return {
    jobs: ids.map((id) => view.job(id)),
    positions: ids.map((id) => view.position(id)),
    list: view.jobs({ status: JOB_STATUSES }, { limit: 100, offset: 0 }),
    counts: JOB_STATUSES.map((status) => view.count({ status: [status] })),
    waiting: [...view.waiting()].sort(),
    byKey: view.jobByIdempotencyKey('k'.repeat(64)),
  };
}

describe('a view of the embedded bus', () => {
  it('folds what was there and what comes', async () => {
    await send(requested(0));
    const view = await openedView(bus, { file: join(folder, 'view.db') });
    await send(started(0), completed(0));
    expect(await view.caughtUp(PATIENCE_MS)).toBe(true);
    expect(view.job(plainId(0))?.outcome).toMatchObject({ type: 'completed', event: completed(0) });
    await view.close();
  });

  it('reports a claim as applied once it was folded', async () => {
    const view = await openedView(bus);
    await send(requested(0));
    const topic = topicOf('started', 'txt2img');
    const producer = await bus.producer(topic);
    for (let n = 0; n < 20; n++) {
      const claim = `c${n}`;
      const { messageId } = await producer.send({
        key: plainId(0),
        value: encodeEvent({ ...started(0), claim }),
      });
      expect(await view.applied(topic, messageId, PATIENCE_MS)).toBe(true);
      expect(view.job(plainId(0))?.starts.at(-1)?.claim).toBe(claim);
    }
    await view.close();
  });

  it('gives the same answers on two replicas, after closing and opening, and rebuilt from nothing', async () => {
    const ids = Array.from({ length: 8 }, (_, n) => plainId(n));
    let round = 0;
    await fc.assert(
      fc.asyncProperty(fleetLedger, async (ledger) => {
        round += 1;
        const files = { a: join(folder, `a${round}.db`), b: join(folder, `b${round}.db`) };
        const a = await openedView(bus, { file: files.a });
        const half = ledger.length >> 1;
        await send(...ledger.slice(0, half).map(({ event }) => event));
        const b = await openedView(bus, { file: files.b });
        await b.close();
        await send(...ledger.slice(half).map(({ event }) => event));
        expect(await a.caughtUp(PATIENCE_MS)).toBe(true);
        const expected = answers(a, ids);
        const bAgain = await openedView(bus, { file: files.b });
        expect(answers(bAgain, ids)).toEqual(expected);
        await a.close();
        for (const suffix of ['', '-wal']) await rm(files.a + suffix, { force: true });
        const rebuilt = await openedView(bus, { file: files.a });
        expect(answers(rebuilt, ids)).toEqual(expected);
        await Promise.all([bAgain.close(), rebuilt.close()]);
      }),
      { numRuns: 8 },
    );
  });
});

describe('a view whose process is killed', () => {
  const JOBS = 1_500;

  async function foldAndKill(file: string, afterMs: number): Promise<string[]> {
    const child = spawn(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', CHILD, join(folder, 'fleet.db'), file],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    const messages: string[] = [];
    const folding = Promise.withResolvers<void>();
    createInterface({ input: child.stdout }).on('line', (line) => {
      messages.push((JSON.parse(line) as { msg: string }).msg);
      if (messages.at(-1) === 'folding') folding.resolve();
    });
    const closed = once(child, 'close');
    await folding.promise;
    await sleep(afterMs);
    child.kill('SIGKILL');
    await closed;
    return messages;
  }

  async function fill(): Promise<string[]> {
    const all = [requested, started, completed];
    const events = all.flatMap((make, kind) => Array.from({ length: JOBS - kind * 50 }, (_, n) => make(n)));
    const producers = new Map<string, Awaited<ReturnType<Bus['producer']>>>();
    for (const type of ['requested', 'started', 'completed'] as const) {
      producers.set(type, await bus.producer(topicOf(type, 'txt2img')));
    }
    await Promise.all(
      events.map((event) => producers.get(event.type)?.send({ key: event.id, value: encodeEvent(event) })),
    );
    return Array.from({ length: JOBS }, (_, n) => plainId(n));
  }

  it('goes on where it stood, with nothing lost and nothing counted twice', async () => {
    const ids = await fill();
    const file = join(folder, 'view.db');
    const reasons: string[] = [];
    for (const afterMs of [0, 10, 30, 90]) {
      const messages = await foldAndKill(file, afterMs);
      reasons.push(...messages.filter((message) => message.startsWith('building the view')));
    }
    // made once; a kill never makes it untrusted
    expect(reasons).toEqual(['building the view: there is none yet']);
    const { log, lines } = recordingLog();
    const view: LocalView = await openedView(bus, { file, log });
    const fresh = await openedView(bus);
    expect(answers(view, ids)).toEqual(answers(fresh, ids));
    expect(view.count({})).toBe(JOBS);
    expect(view.count({ status: ['completed'] })).toBe(JOBS - 100);
    expect(lines.filter(({ msg }) => msg.startsWith('building'))).toEqual([]);
    await Promise.all([view.close(), fresh.close()]);
  });
});
