import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { JOB_STATUSES, type JobEvent, jobIdTimeMs } from '@genfleet/job';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import fc from 'fast-check';
import { fleetLedger, type Placed, publish, START_MS } from '../test/fleet-ledger.test.ts';
import { MemoryBus } from '../test/memory-bus.ts';
import { openedView, PATIENCE_MS } from '../test/open.ts';
import { plainId } from '../test/plain-job.ts';
import type { LocalView } from './view.ts';

// on a machine that is busy with other things
jest.setTimeout(300_000);

const HOUR_MS = 3_600_000;
const JOBS = 8;
const WINDOW_MS = 3 * HOUR_MS;
const idOf = (n: number) => plainId(n, START_MS + n * HOUR_MS);
const IDS = Array.from({ length: JOBS }, (_, n) => idOf(n));

/** The same ledger with a job an hour; nothing of a job is published before its time, or before what stands ahead of it. */
function hourly(ledger: readonly Placed[]): Placed[] {
  let timeMs = START_MS;
  return ledger.map(({ event, order }) => {
    const id = idOf(Number(event.id.slice(-12)));
    timeMs = Math.max(timeMs + 60_000, jobIdTimeMs(id) ?? 0);
    return { event: { ...event, id } as JobEvent, order: { ...order, timeMs } };
  });
}

/** What happens to the view between two events. */
const happening = fc.constantFrom('nothing', 'a turn', 'caught up', 'restart', 'loss of the file', 'an hour');
/** Fields by their names: an event that is in memory still has them as it was made, which nobody is answered. */
const byName = (_: string, value: unknown) =>
  value instanceof Object && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
    : value;
/** All that a view is asked, as the bytes of an answer; estimates and keys of jobs that are gone are left out. */
function answers(view: LocalView): string {
  const all = {
    coversFromMs: view.coversFromMs,
    jobs: IDS.map((id) => view.job(id)),
    positions: IDS.map((id) => view.position(id)),
    lists: [
      {},
      { status: JOB_STATUSES },
      { tenant: 'team-a' },
      { grouping: 'a' },
      { fromMs: START_MS + HOUR_MS },
    ].map((filter) => [view.jobs(filter, { limit: 9, offset: 0 }), view.count(filter)]),
    behind: IDS.map((before) => view.jobs({}, { limit: 2, offset: 0, before }).map(({ id }) => id)),
    counts: JOB_STATUSES.map((status) => view.count({ status: [status] })),
    waiting: [...view.waiting()].sort(),
  };
  return JSON.stringify(all, byName);
}

/** A view over a bus, and what happens to the two. */
class Life {
  readonly #bus = new MemoryBus();
  readonly #options: { readonly file: string; readonly windowMs?: number };
  #nowMs = START_MS;
  #view: LocalView | undefined;

  constructor(file: string, windowMs: number | undefined) {
    this.#options = { file, ...(windowMs === undefined ? {} : { windowMs }) };
  }

  async open(file = this.#options.file): Promise<LocalView> {
    return openedView(this.#bus, { ...this.#options, file, now: () => this.#nowMs });
  }

  async live(ledger: readonly Placed[], happenings: readonly string[]): Promise<void> {
    this.#view = await this.open();
    for (const [index, placed] of ledger.entries()) {
      publish(this.#bus, [placed]);
      this.#nowMs = Math.max(this.#nowMs, placed.order.timeMs);
      await this.#befall(happenings[index] ?? 'nothing');
    }
  }

  async #befall(what: string): Promise<void> {
    const { file } = this.#options;
    if (what === 'a turn') await nextTurn();
    if (what === 'an hour') this.#nowMs += HOUR_MS;
    if (what === 'caught up') expect(await this.#view?.caughtUp(PATIENCE_MS)).toBe(true);
    if (what !== 'restart' && what !== 'loss of the file') return;
    await this.#view?.close();
    if (what === 'loss of the file') await rm(file);
    this.#view = await this.open();
  }

  /** An hour later the last event comes again, and by it the window has moved on. */
  async end(last: Placed): Promise<LocalView> {
    const { windowMs } = this.#options;
    this.#nowMs += HOUR_MS;
    publish(this.#bus, [{ ...last, order: { ...last.order, timeMs: this.#nowMs } }]);
    const view = this.#view ?? (await this.open());
    expect(await view.caughtUp(PATIENCE_MS)).toBe(true);
    while (windowMs !== undefined && view.coversFromMs < this.#nowMs - windowMs) await nextTurn();
    return view;
  }
}

describe('a view that lived through anything', () => {
  let folder: string;
  let round = 0;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'genfleet-rebuild-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it.each([
    ['of all jobs', undefined],
    ['with a window that moves on', WINDOW_MS],
  ])('answers to the byte as one that is built from nothing: %s', async (_name, windowMs) => {
    const drawn = fc.tuple(
      fleetLedger.filter((ledger) => ledger.length > 0),
      fc.array(happening, { minLength: 40, maxLength: 40 }),
    );
    await fc.assert(
      fc.asyncProperty(drawn, async ([plain, happenings]) => {
        round += 1;
        const ledger = hourly(plain);
        const life = new Life(join(folder, `${round}.db`), windowMs);
        await life.live(ledger, happenings);
        const view = await life.end(ledger.at(-1) as Placed);
        const rebuilt = await life.open(':memory:');
        expect(answers(view)).toBe(answers(rebuilt));
        await Promise.all([view.close(), rebuilt.close()]);
      }),
      { numRuns: 25 },
    );
  });
});
