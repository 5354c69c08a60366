import { mkdtemp, open, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { encodeEvent, topicOf } from '@genfleet/job';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { MemoryBus } from '../test/memory-bus.ts';
import { openedView, PATIENCE_MS, recordingLog } from '../test/open.ts';
import { plainId, requested } from '../test/plain-job.ts';
import { openView } from './open-view.ts';

// on a machine that is busy with other things
jest.setTimeout(300_000);

const JOBS = 400;
const REQUESTED = topicOf('requested', 'txt2img');

let folder: string;
let file: string;
let bus: MemoryBus;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'genfleet-view-file-'));
  file = join(folder, 'sub', 'view.db');
  bus = filledBus(JOBS);
  await (await openedView(bus, { file })).close();
});
afterEach(() => rm(folder, { recursive: true, force: true }));

function filledBus(jobs: number): MemoryBus {
  const filled = new MemoryBus();
  for (let n = 0; n < jobs; n++) {
    filled.append(REQUESTED, { key: plainId(n), value: encodeEvent(requested(n)) }, 1_000 + n);
  }
  return filled;
}

/** Opens the file again and says why it was made anew, if it was, having checked that it answers rightly. */
async function reopened(): Promise<string | undefined> {
  const { log, lines } = recordingLog();
  const view = await openedView(bus, { file, log });
  expect(view.count({})).toBe(JOBS);
  expect(view.job(plainId(7))?.request).toEqual(requested(7));
  expect(view.position(plainId(JOBS - 1))).toBe(JOBS - 1);
  await view.close();
  return lines.find(({ msg }) => msg.startsWith('building the view'))?.msg;
}

function change(sql: string): void {
  const db = new DatabaseSync(file);
  db.exec(sql);
  db.close();
}

/** Overwrites pages of the file, counted from 0. */
async function damage(from: number, to = Number.POSITIVE_INFINITY): Promise<void> {
  const pages = Math.min(to, (await stat(file)).size / 4_096);
  const handle = await open(file, 'r+');
  for (let page = from; page < pages; page++)
    await handle.write(Buffer.alloc(4_096, 0xff), 0, 4_096, page * 4_096);
  await handle.close();
}

describe("the view's file", () => {
  it('is taken up as it was closed, without reading the topics again', async () => {
    const before = bus.appended;
    expect(await reopened()).toBeUndefined();
    expect(bus.yielded).toBe(before);
  });

  it('is for its owner alone, and for one process at a time', async () => {
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    const view = await openedView(bus, { file });
    // to SQLite a second connection of this process is as good as another process
    await expect(openedView(bus, { file })).rejects.toThrow(
      /view\.db is open in another process: .*DATA_DIR/,
    );
    await view.close();
  });

  it('is made anew when it is of an older or a newer version', async () => {
    change('PRAGMA user_version = 0');
    expect(await reopened()).toMatch('its version is 0');
    change('PRAGMA user_version = 999');
    expect(await reopened()).toMatch('its version is 999');
    expect(await reopened()).toBeUndefined();
  });

  it('is made anew when the machine went down before it was closed, but not when only the process did', async () => {
    change(`UPDATE meta SET value = '0' WHERE name = 'closed'`);
    expect(await reopened()).toBeUndefined();
    change(
      `UPDATE meta SET value = '0' WHERE name = 'closed'; UPDATE meta SET value = 'x' WHERE name = 'boot'`,
    );
    expect(await reopened()).toMatch('the machine went down');
  });

  it.each([
    ['is empty', Buffer.alloc(0)],
    ['holds something else', Buffer.from('not a database, but long enough to look like one '.repeat(100))],
  ])('is made anew when it %s', async (_what, bytes) => {
    await writeFile(file, bytes);
    expect(await reopened()).toMatch('building the view');
  });

  it('is made anew when it is the database of something else', async () => {
    await rm(file);
    change('CREATE TABLE t (a)');
    expect(await reopened()).toMatch('it is not a view');
  });

  it('is made anew when tables are missing or it was cut off', async () => {
    change('DROP TABLE meta');
    expect(await reopened()).toMatch('no such table');
    const half = await readFile(file);
    await writeFile(file, half.subarray(0, half.length >> 2));
    expect(await reopened()).toMatch('building the view');
  });

  it('is made anew when its indexes turn out damaged', async () => {
    await damage(20);
    expect(await reopened()).toMatch('building the view: it is damaged');
  });

  it('is made anew when damage shows as it is read, which is answered with an error until then', async () => {
    const db = new DatabaseSync(file);
    // the rows of the jobs, which nothing reads before it is asked
    const root = Number(
      db.prepare(`SELECT rootpage FROM sqlite_schema WHERE name = 'body'`).get()?.['rootpage'],
    );
    db.close();
    await damage(root - 1, root);
    const { log, lines } = recordingLog();
    const view = await openView({ bus, file, kinds: ['txt2img'], log, now: Date.now });
    expect(() => view.job(plainId(1))).toThrow(
      expect.objectContaining({ code: 'ledger_failed', retryable: true }),
    );
    const until = async (isSo: () => boolean) => {
      while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 5));
    };
    await until(() => lines.some(({ msg }) => msg.includes('it is damaged')));
    await until(() => view.ready);
    for (let n = 0; n < JOBS; n++) expect(view.job(plainId(n))?.request).toEqual(requested(n));
    expect(view.count({})).toBe(JOBS);
    await view.close();
  });

  it('is made anew when the ledger was wiped and begun again', async () => {
    bus = filledBus(3);
    const { log, lines } = recordingLog();
    const view = await openedView(bus, { file, log });
    expect(view.count({})).toBe(3);
    expect(lines.map(({ msg }) => msg).join()).toMatch('the ledger ends before');
    await view.close();
  });

  it('serves one process at a time and is left alone by others', async () => {
    const view = await openedView(bus, { file });
    const second = openView({ bus, file, kinds: ['txt2img'], log: recordingLog().log, now: Date.now });
    await expect(second).rejects.toMatchObject({
      code: 'ledger_failed',
      message: expect.stringContaining(file),
    });
    expect(view.count({})).toBe(JOBS);
    await view.close();
    expect(await reopened()).toBeUndefined();
  });

  it('is refused where it cannot be made', async () => {
    const there = join(file, 'view.db');
    const opening = openView({
      bus,
      file: there,
      kinds: ['txt2img'],
      log: recordingLog().log,
      now: Date.now,
    });
    await expect(opening).rejects.toMatchObject({ code: 'ledger_failed' });
  });

  it('answers from what it holds while the bus is down, and goes on once it is back', async () => {
    bus.fail(new Error('connect ECONNREFUSED'));
    const { log } = recordingLog();
    const view = await openView({ bus, file, kinds: ['txt2img'], log, now: Date.now });
    expect(view.job(plainId(1))?.request).toEqual(requested(1));
    expect(await view.caughtUp(50)).toBe(false);
    expect(view.ready).toBe(false);
    bus.fault = undefined;
    const { messageId } = bus.append(REQUESTED, { key: 'k', value: encodeEvent(requested(JOBS)) });
    expect(await view.applied(REQUESTED, messageId, PATIENCE_MS)).toBe(true);
    expect(view.count({})).toBe(JOBS + 1);
    await view.close();
  });
});
