import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { GenfleetError } from '@genfleet/job';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ensureTopic, newFolder, readAll, TOPIC, until } from '../test/bus-file.ts';
import { type Said, startPublisher } from '../test/publisher.ts';
import { openSqliteBus } from './index.ts';

let place: ReturnType<typeof newFolder>;
beforeEach(() => {
  place = newFolder();
});
afterEach(() => place.remove());

async function refusal(file: string): Promise<GenfleetError> {
  try {
    await (await openSqliteBus({ file })).close();
  } catch (error) {
    if (error instanceof GenfleetError) return error;
    throw error;
  }
  throw new Error('was opened');
}

describe('the file of the bus', () => {
  it('is created with its folder, and is its owner’s alone', async () => {
    const file = join(place.folder, 'not', 'yet', 'there', 'fleet.db');
    const bus = await openSqliteBus({ file });
    await ensureTopic(bus);
    for (const end of ['', '-wal', '-shm']) expect(statSync(file + end).mode & 0o777).toBe(0o600);
    await bus.close();
    expect(existsSync(`${file}-wal`)).toBe(false);
  });

  it('is refused in words when it is no database', async () => {
    writeFileSync(
      place.file,
      'this is a letter to my grandmother, longer than a header of SQLite'.repeat(200),
    );
    const error = await refusal(place.file);
    expect(error).toMatchObject({ code: 'bus_unavailable', retryable: false });
    expect(error.message).toContain(place.file);
    expect(error.message).toContain('not a SQLite database');
  });

  it('is refused when it is the database of another program, and left as it was', async () => {
    const other = new DatabaseSync(place.file);
    other.exec('create table recipes (name text)');
    other.close();
    const error = await refusal(place.file);
    expect(error).toMatchObject({ code: 'bus_unavailable', retryable: false });
    expect(error.message).toContain('another program');
    const again = new DatabaseSync(place.file);
    expect(again.prepare('select name from sqlite_schema').all()).toMatchObject([{ name: 'recipes' }]);
    again.close();
  });

  it('is refused when a newer version wrote it', async () => {
    await (await openSqliteBus({ file: place.file })).close();
    const file = new DatabaseSync(place.file);
    file.exec('pragma user_version = 99');
    file.close();
    const error = await refusal(place.file);
    expect(error).toMatchObject({ code: 'bus_unavailable', retryable: false });
    expect(error.message).toContain('newer');
  });

  it('is refused when its pages are damaged', async () => {
    const bus = await openSqliteBus({ file: place.file });
    await ensureTopic(bus);
    await bus.close();
    const size = statSync(place.file).size;
    // the header stays, so that it still looks like a database
    execFileSync('dd', [
      'if=/dev/zero',
      `of=${place.file}`,
      'bs=1',
      'seek=100',
      `count=${size - 100}`,
      'conv=notrunc',
      'status=none',
    ]);
    const error = await refusal(place.file);
    expect(error).toMatchObject({ code: 'bus_unavailable', retryable: false });
    expect(error.message).toContain('damaged');
  });

  it('is refused when a folder is in its place, or a file in the place of its folder', async () => {
    mkdirSync(place.file);
    expect((await refusal(place.file)).code).toBe('bus_unavailable');
    writeFileSync(join(place.folder, 'file'), '');
    expect((await refusal(join(place.folder, 'file', 'fleet.db'))).code).toBe('bus_unavailable');
  });

  it('opens beside a damaged file of what is not kept', async () => {
    await createFile();
    writeFileSync(`${place.file}-progress`, 'no database, for sure, whatever its length may be'.repeat(300));
    const bus = await openSqliteBus({ file: place.file });
    const live = { name: 'progress', persistent: false };
    const producer = await bus.producer(live);
    const reader = bus
      .read(live, { from: 'latest', signal: AbortSignal.timeout(30_000) })
      [Symbol.asyncIterator]();
    await reader.next();
    await producer.send({ key: 'k', value: 'heard' });
    expect((await reader.next()).value?.messages).toMatchObject([{ value: 'heard' }]);
    await bus.close();
  });

  const mayIgnorePermissions = process.getuid?.() === 0;
  (mayIgnorePermissions ? it.skip : it)(
    `is refused when it may not be written${mayIgnorePermissions ? ' (not here: root may write everything)' : ''}`,
    async () => {
      await (await openSqliteBus({ file: place.file })).close();
      chmodSync(place.file, 0o400);
      expect((await refusal(place.file)).code).toBe('bus_unavailable');
    },
  );
});

/** Why no file system can be mounted here, or undefined. */
function whyNoMount(): string | undefined {
  const { folder, remove } = newFolder();
  const { status } = spawnSync('mount', ['-t', 'tmpfs', 'tmpfs', folder]);
  if (status === 0) execFileSync('umount', [folder]);
  remove();
  return status === 0 ? undefined : 'mounting a file system is not allowed';
}

const noMount = whyNoMount();
const itMounts = (title: string, test: (remount: (options: string) => void) => Promise<void>) => {
  (noMount ? it.skip : it)(
    noMount ? `${title} (not here: ${noMount})` : title,
    async () => {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', place.folder]);
      try {
        await test((options) => execFileSync('mount', ['-o', `remount,${options}`, place.folder]));
      } finally {
        execFileSync('umount', [place.folder]);
      }
    },
    120_000,
  );
};

async function createFile() {
  const bus = await openSqliteBus({ file: place.file });
  await ensureTopic(bus);
  await bus.close();
}

/** All that was acknowledged is there, whole. */
async function checkStored(acknowledged: readonly Said[]) {
  const bus = await openSqliteBus({ file: place.file });
  const stored = new Map((await readAll(bus)).map(({ messageId, value }) => [messageId, value]));
  await bus.close();
  for (const { number, messageId } of acknowledged) {
    expect(stored.get(messageId ?? '')?.split(' ')[0]).toBe(String(number));
  }
  const database = new DatabaseSync(place.file, { readOnly: true });
  expect(database.prepare('pragma integrity_check').get()).toEqual({ integrity_check: 'ok' });
  database.close();
}

/** A publisher that does not give up, on a disk without room that gets room. @returns its errors. */
async function fillUp(takeRoom: (pid: number) => void, giveRoom: (pid: number) => void) {
  await createFile();
  const publisher = startPublisher(place.file, TOPIC.name);
  try {
    await until('it publishes', () => publisher.acknowledged().length > 20);
    takeRoom(publisher.pid);
    await until('it is refused', () => publisher.errors().length > 10);
    const before = publisher.acknowledged().length;
    giveRoom(publisher.pid);
    await until('it goes on', () => publisher.acknowledged().length > before + 50);
  } finally {
    await publisher.kill();
  }
  await checkStored(publisher.acknowledged());
  return publisher.errors();
}

describe('a disk that takes no more', () => {
  const hasPrlimit = spawnSync('prlimit', ['--version']).status === 0;
  const title = 'refuses what is sent beyond the limit of a file, and takes it again once that is raised';
  (hasPrlimit ? it : it.skip)(
    hasPrlimit ? title : `${title} (not here: there is no prlimit)`,
    async () => {
      const limitTo = (bytes: string) => (pid: number) =>
        void execFileSync('prlimit', ['--pid', String(pid), `--fsize=${bytes}:`]);
      const errors = await fillUp(limitTo('200000'), limitTo('unlimited'));
      for (const { code, message } of errors) {
        expect(code).toBe('bus_unavailable');
        expect(message).toMatch(/disk/);
      }
    },
    120_000,
  );

  itMounts('says that it is full, and goes on once there is room', async (remount) => {
    const errors = await fillUp(
      () => undefined,
      () => remount('size=200m'),
    );
    expect(errors.every(({ code }) => code === 'bus_unavailable')).toBe(true);
    expect(errors.some(({ message }) => message?.includes('the disk is full'))).toBe(true);
  });

  itMounts('is refused when it is mounted read-only', async (remount) => {
    await createFile();
    remount('ro');
    expect((await refusal(place.file)).code).toBe('bus_unavailable');
    expect((await refusal(place.file)).message).toMatch(/read-only/);
  });
});
