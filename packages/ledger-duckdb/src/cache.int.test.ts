import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Bus } from '@genfleet/bus';
import { encodeEvent, topicOf } from '@genfleet/job';
import type { SqlLedger } from '@genfleet/ledger';
import { FIXED_LEDGER } from '@genfleet/ledger/contract';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { MemoryBus } from '../../ledger/test/memory-bus.ts';
import { type DuckdbLedgerOptions, openDuckdbLedger } from './index.ts';

const TEXTS = topicOf('requested', 'completion');
const IMAGES = topicOf('requested', 'txt2img');

let directory = '';
const opened: SqlLedger[] = [];
let said: string[] = [];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'genfleet-ledger-'));
  said = [];
});
afterEach(async () => {
  for (const ledger of opened.splice(0)) await ledger.close();
  rmSync(directory, { recursive: true, force: true });
});

function open(bus: Bus, more: Partial<DuckdbLedgerOptions> = {}): SqlLedger {
  const ledger = openDuckdbLedger({
    ...{ bus, directory, schemaName: 'public/default', source: 'test', transient: [TEXTS.name] },
    log: { info: (_fields, message) => void said.push(message) },
    ...more,
  });
  opened.push(ledger);
  return ledger;
}

async function ask(ledger: SqlLedger, sql: string) {
  const signal = new AbortController().signal;
  return (await ledger.query(sql, { maxRows: 1_000, timeoutMs: 60_000, signal })).rows;
}

/** A bus with the fixed ledger, its times a second apart. */
function fixedBus(startMs = 1_772_366_400_000): MemoryBus {
  const bus = new MemoryBus();
  for (const [index, { topic, event }] of FIXED_LEDGER.entries()) {
    bus.append(topic, { key: event.id, value: encodeEvent(event) }, startMs + index * 1_000);
  }
  return bus;
}

const COUNT = `select count(*), min(__event_time__) from ${IMAGES.name}`;
const FILE = 'ledger.duckdb';

describe('the file of the ledger', () => {
  it('is read on from where it ended', async () => {
    const bus = fixedBus();
    const before = open(bus);
    expect(await ask(before, COUNT)).toEqual([[8, '2026-03-01T12:00:00.000']]);
    await before.close();
    const read = bus.yielded;
    const again = open(bus);
    expect(await ask(again, COUNT)).toEqual([[8, '2026-03-01T12:00:00.000']]);
    // the first of each topic, and what is not written to the file
    expect(bus.yielded - read).toBeLessThan(15);
    expect(said).toEqual([expect.stringContaining('there is nothing in it')]);
  });

  it.each([
    ['text in place of a file', (file: string) => writeFileSync(file, 'not a database')],
    ['half of it', (file: string) => writeFileSync(file, readFileSync(file).subarray(0, 20_000))],
    [
      'bytes changed in the middle',
      (file: string) => {
        const bytes = readFileSync(file);
        for (let at = 8_192; at < bytes.length; at += 512) bytes.fill(0xa5, at, at + 64);
        writeFileSync(file, bytes);
      },
    ],
    ['nothing at all', (file: string) => rmSync(file)],
  ])('is made anew when it is damaged: %s', async (_what, damage) => {
    const bus = fixedBus();
    const before = open(bus);
    await ask(before, COUNT);
    await before.close();
    damage(join(directory, FILE));
    const after = open(bus);
    expect(await ask(after, COUNT)).toEqual([[8, '2026-03-01T12:00:00.000']]);
    expect(await ask(after, `select max(settings.seed) from ${IMAGES.name}`)).toEqual([
      [9_007_199_254_740_991],
    ]);
  });

  it('is of one bus, and of that bus as it is', async () => {
    const before = open(fixedBus());
    await ask(before, COUNT);
    await before.close();
    const wiped = new MemoryBus();
    const ofWiped = open(wiped);
    expect(await ask(ofWiped, COUNT)).toEqual([[0, null]]);
    await ofWiped.close();

    const first = open(fixedBus());
    await ask(first, COUNT);
    await first.close();
    // as many messages with the same ids, published at another time
    const another = open(fixedBus(1_772_452_800_000));
    expect(await ask(another, COUNT)).toEqual([[8, '2026-03-02T12:00:00.000']]);
    await another.close();

    const elsewhere = open(fixedBus(1_772_452_800_000), { source: 'another bus' });
    await ask(elsewhere, COUNT);
    expect(said.at(-1)).toContain('of another bus');
  });

  it('is one for each process that asks at the same time', async () => {
    const bus = fixedBus();
    const ledgers = Array.from({ length: 4 }, () => open(bus));
    for (const ledger of ledgers) expect((await ask(ledger, COUNT))[0]?.[0]).toBe(8);
    expect(readdirSync(directory).filter((name) => name.endsWith('.duckdb'))).toHaveLength(3);
    expect(said.at(-1)).toContain('in memory');
  });

  it('belongs to its owner, and holds no prompts of completions', async () => {
    const bus = fixedBus();
    const secret = 'prompt-that-must-not-stay';
    const value = encodeEvent(FIXED_LEDGER[3]?.event as never).replace('def f(', secret);
    bus.append(TEXTS, { key: 'k', value });
    const ledger = open(bus);
    const sql = `select count(*) from ${TEXTS.name} where element_at(settings.prompts, 1) = '${secret}'`;
    expect(await ask(ledger, sql)).toEqual([[1]]);
    await ledger.close();
    for (const name of readdirSync(directory)) {
      const path = join(directory, name);
      expect(statSync(path).mode & 0o077).toBe(0);
      expect(readFileSync(path).includes(secret)).toBe(false);
    }
  });
});

describe('what is in the ledger', () => {
  it('forgets what a topic forgot', async () => {
    const bus = fixedBus();
    const ledger = open(bus);
    const sql = `select count(*) from ${TEXTS.name}`;
    expect(await ask(ledger, sql)).toEqual([[3]]);
    bus.forget(TEXTS, 2);
    expect(await ask(ledger, sql)).toEqual([[1]]);
    bus.forget(TEXTS, 1);
    expect(await ask(ledger, sql)).toEqual([[0]]);
    for (const id of ['new', 'newer', 'newest']) bus.append(TEXTS, { key: id, value: `{"id":"${id}"}` });
    expect(await ask(ledger, sql)).toEqual([[3]]);
    bus.forget(TEXTS, 3);
    bus.append(TEXTS, { key: 'last', value: '{"id":"last"}' });
    expect(await ask(ledger, `select id from ${TEXTS.name}`)).toEqual([['last']]);
  });

  it('holds a message that is no event, and one whose text is not well-formed', async () => {
    const bus = fixedBus();
    for (const value of [
      'not JSON',
      '{"id":"\\ud800 half","attempt":"many","unknown":1}',
      '[]',
      '{"id":"a\\u0000b"}',
    ]) {
      bus.append(IMAGES, { key: 'odd', value, properties: { trace: '"1"' } });
    }
    const rows = await ask(
      open(bus),
      `select id, attempt, settings, __properties__ from ${IMAGES.name} where __key__ = 'odd' order by __message_id__`,
    );
    const properties = '{"trace":"\\"1\\""}';
    expect(rows).toEqual([
      [null, null, null, properties],
      ['\ufffd half', null, null, properties],
      [null, null, null, properties],
      ['a\0b', null, null, properties],
    ]);
  });

  it('says that the bus is away, and goes on when it is back', async () => {
    const bus = fixedBus();
    const ledger = open(bus);
    expect((await ask(ledger, COUNT))[0]?.[0]).toBe(8);
    bus.fault = Object.assign(new Error('the broker is gone'), { code: 'bus_unavailable' });
    await expect(ask(ledger, COUNT)).rejects.toThrow('the broker is gone');
    bus.fault = undefined;
    expect((await ask(ledger, COUNT))[0]?.[0]).toBe(8);
  });
});

describe('the process of the ledger', () => {
  const childrenOf = () =>
    spawnSync('ps', ['--ppid', String(process.pid), '-o', 'pid=,args='], { encoding: 'utf8' })
      .stdout.split('\n')
      .filter((line) => line.includes('ledger-process'))
      .map((line) => Number(line.trim().split(' ')[0]));

  it('is not there before the first query, and not long after the last', async () => {
    const ledger = open(fixedBus(), { idleMs: 100 });
    expect(childrenOf()).toEqual([]);
    expect(existsSync(join(directory, FILE))).toBe(false);
    await ask(ledger, COUNT);
    expect(childrenOf()).toHaveLength(1);
    const endMs = Date.now() + 20_000;
    while (childrenOf().length > 0 && Date.now() < endMs)
      await new Promise((resolve) => setTimeout(resolve, 50));
    expect(childrenOf()).toEqual([]);
    expect((await ask(ledger, COUNT))[0]?.[0]).toBe(8);
  });

  it('is started again when it was killed, in the middle of a query as well', async () => {
    const ledger = open(fixedBus());
    await ask(ledger, COUNT);
    const asked = ask(ledger, 'select count(*) from range(60000000) as r(x) where sin(x) > 2');
    setTimeout(() => process.kill(childrenOf()[0] ?? 0, 'SIGKILL'), 200);
    expect(await asked).toEqual([[0]]);
    expect((await ask(ledger, COUNT))[0]?.[0]).toBe(8);
  });

  it('is not started for ever by a query that breaks it, and keeps its file', async () => {
    const ledger = open(fixedBus());
    await ask(ledger, COUNT);
    const killing = setInterval(() => {
      for (const pid of childrenOf()) process.kill(pid, 'SIGKILL');
    }, 300);
    const long = 'select count(*) from range(1000000000000) as r(x) where sin(x) > 2';
    await expect(ask(ledger, long)).rejects.toMatchObject({ code: 'ledger_failed' });
    clearInterval(killing);
    said = [];
    expect((await ask(ledger, COUNT))[0]?.[0]).toBe(8);
    expect(said).toEqual([]);
  });

  it('hands out only so much, however long a row is', async () => {
    const ledger = open(fixedBus());
    const signal = new AbortController().signal;
    const options = { maxRows: 1_000, timeoutMs: 60_000, signal };
    const rows = await ledger.query("select repeat('x', 10000000) as x from range(10) as r(i)", options);
    expect([rows.rows.length, rows.truncated]).toEqual([3, true]);
    const one = await ledger.query("select repeat('x', 50000000) as x", options);
    expect([one.rows.length, one.truncated]).toEqual([0, true]);
  });

  it('holds to its memory, and the next query finds it well', async () => {
    const ledger = open(fixedBus(), { memoryMib: 100 });
    const greedy = 'select cardinality(array_agg(x)) from range(100000000) as r(x)';
    await expect(ask(ledger, greedy)).rejects.toMatchObject({
      ...{ code: 'invalid_query', message: expect.stringMatching(/memory/) },
    });
    expect((await ask(ledger, COUNT))[0]?.[0]).toBe(8);
  });

  it('answers others while a query takes long, and ends all of them at its close', async () => {
    const ledger = open(fixedBus());
    const long = ask(ledger, 'select count(*) from range(1000000000000) as r(x) where sin(x) > 2');
    const ended = expect(long).rejects.toMatchObject({ code: 'closed' });
    expect((await ask(ledger, COUNT))[0]?.[0]).toBe(8);
    await ledger.close();
    await ended;
    await expect(ask(ledger, COUNT)).rejects.toMatchObject({ code: 'closed' });
  });
});

describe('a query reaches nothing but the ledger', () => {
  const place = mkdtempSync(join(tmpdir(), 'genfleet-ledger-'));
  let ledger: SqlLedger;
  beforeAll(() => {
    ledger = openDuckdbLedger({
      ...{
        bus: fixedBus(),
        directory: place,
        schemaName: 'public/default',
        source: 'test',
        transient: [TEXTS.name],
      },
    });
  });
  afterAll(async () => {
    await ledger.close();
    rmSync(place, { recursive: true, force: true });
  });

  it.each([
    "copy (select 1) to '{file}'",
    "attach '{file}' as other",
    "select * from read_csv('/etc/passwd')",
    "select * from read_text('/etc/passwd')",
    "select * from '/etc/passwd'",
    "select * from glob('/etc/*')",
    'install httpfs',
    "load 'httpfs'",
    'set threads = 1',
    'pragma database_list',
    'call enable_logging()',
    'select * from enable_logging()',
    'select "write_log"(\'x\')',
    "export database '{file}'",
    'create temp table mine (a int)',
    'begin',
    'checkpoint',
    'detach pulsar',
    'use memory',
    "with x as (select 1) insert into cancelled_txt2img_generation (id) select 'x'",
    'explain analyze delete from cancelled_txt2img_generation',
    "select nextval('x')",
    'select 1; drop table cancelled_txt2img_generation',
    'pivot cancelled_txt2img_generation on id',
    'select * from memory.transient.requested_completion_generation; select 1',
  ])('%s', async (sql) => {
    const file = join(place, 'written');
    await expect(ask(ledger, sql.replace('{file}', file))).rejects.toMatchObject({
      code: 'invalid_query',
    });
    expect(existsSync(file)).toBe(false);
  });
});
