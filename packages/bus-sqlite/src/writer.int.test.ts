import type { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { newFolder } from '../test/bus-file.ts';
import { openForWriting } from './database.ts';
import type { Fetch, Group, Publishes } from './protocol.ts';
import { Writer } from './writer.ts';

const MINUTE_MS = 60_000;
const FOR_EVER = null;

let place: ReturnType<typeof newFolder>;
let database: DatabaseSync;
let writer: Writer;
let nowMs: number;

beforeEach(() => {
  place = newFolder();
  database = openForWriting(place.file);
  writer = new Writer(database);
  nowMs = Date.now();
  jest.spyOn(Date, 'now').mockImplementation(() => nowMs);
});
afterEach(() => {
  jest.restoreAllMocks();
  database.close();
  place.remove();
});

function group(parts: Partial<Group>): Group {
  const publishes: Publishes = { topics: [], keys: [], values: [], properties: [], dueMs: [], synced: 0 };
  return { publishes, settles: [], fetches: [], withdrawals: [], ensures: [], ...parts };
}

function publish(topic: number, count: number, dueMs = 0) {
  const all = <T>(value: T) => Array.from({ length: count }, () => value);
  const { results } = writer.apply([
    group({
      publishes: {
        topics: all(topic),
        keys: all('k'),
        values: all('v'),
        properties: all(null),
        dueMs: all(dueMs),
        synced: count,
      },
    }),
  ]);
  const [result] = results;
  if (!result) throw new Error('no result');
  return result;
}

function fetch(request: Fetch) {
  const fetched = writer.apply([group({ fetches: [request] })]).results[0]?.fetched[0];
  if (!fetched) throw new Error('nothing was fetched');
  return fetched;
}

const ack = (subscription: number, seqs: readonly number[]) =>
  writer.apply([group({ settles: seqs.map((seq) => ({ subscription, seq })) })]);

/** Topics get the ids 1, 2 … in their order, and so do the subscriptions. */
function ensure(...topics: { name: string; subscriptions: string[]; retentionMs: number | null }[]) {
  writer.apply([group({ ensures: [topics] })]);
}

function kept(topic: number): number[] {
  return database
    .prepare(`select seq from messages_${topic} order by seq`)
    .all()
    .map(({ seq }) => Number(seq));
}

describe('publish times', () => {
  it('never go back, on a topic or from one to another, when the clock does', () => {
    ensure(
      { name: 'a', subscriptions: [], retentionMs: FOR_EVER },
      { name: 'b', subscriptions: [], retentionMs: FOR_EVER },
    );
    const first = publish(1, 1).timeMs;
    nowMs -= 10 * MINUTE_MS;
    expect(publish(1, 1).timeMs).toBe(first);
    expect(publish(2, 1).timeMs).toBe(first);
    nowMs += 11 * MINUTE_MS;
    expect(publish(2, 1).timeMs).toBe(nowMs);
  });

  it('and ids go on after everything was trimmed and the file was opened anew', () => {
    ensure({ name: 'a', subscriptions: [], retentionMs: 1 });
    const [last = 0] = publish(1, 3).seqs.slice(-1);
    nowMs += MINUTE_MS;
    expect(writer.trim(nowMs)).toBe(true);
    expect(kept(1)).toEqual([]);
    database.close();
    database = openForWriting(place.file);
    writer = new Writer(database);
    expect(publish(1, 1).seqs).toEqual([last + 1]);
  });
});

describe('retention', () => {
  it('takes away what is old and acknowledged by all, a bounded piece at a time', () => {
    ensure({ name: 'a', subscriptions: ['one', 'two'], retentionMs: MINUTE_MS });
    const { seqs } = publish(1, 1_200);
    nowMs += 2 * MINUTE_MS;
    const young = publish(1, 5).seqs;
    expect(writer.trim(nowMs)).toBe(false);
    for (const subscription of [1, 2]) {
      const rows = fetch({ topic: 1, subscription, limit: 2_000 }).rows.concat(
        fetch({ topic: 1, subscription, limit: 2_000 }).rows,
      );
      expect(rows.length).toBe(1_205);
      // the second keeps one of them open
      ack(subscription, subscription === 1 ? seqs : seqs.filter((seq) => seq !== seqs[1_100]));
    }
    expect(writer.trim(nowMs)).toBe(true);
    expect(kept(1).length).toBe(705);
    while (writer.trim(nowMs));
    expect(kept(1)).toEqual([...seqs.slice(1_100), ...young]);
    ack(2, [seqs[1_100] ?? 0]);
    while (writer.trim(nowMs));
    expect(kept(1)).toEqual(young);
  });

  it('never touches a topic that is kept for ever', () => {
    ensure({ name: 'a', subscriptions: [], retentionMs: FOR_EVER });
    const { seqs } = publish(1, 3);
    nowMs += 1_000_000 * MINUTE_MS;
    expect(writer.trim(nowMs)).toBe(false);
    expect(kept(1)).toEqual(seqs);
  });

  it('lets a subscription that is made later begin at what is left, with the right backlog', () => {
    ensure({ name: 'a', subscriptions: [], retentionMs: MINUTE_MS });
    publish(1, 3);
    nowMs += 2 * MINUTE_MS;
    const { seqs } = publish(1, 2);
    while (writer.trim(nowMs));
    ensure({ name: 'a', subscriptions: ['late'], retentionMs: MINUTE_MS });
    expect(database.prepare('select published - passed as n from subscriptions, topics').get()).toEqual({
      n: 2,
    });
    expect(fetch({ topic: 1, subscription: 1, limit: 9 }).rows.map(({ seq }) => seq)).toEqual(seqs);
  });
});

describe('a line of a million', () => {
  const MILLION = 1_000_000;

  function fillLine() {
    ensure({ name: 'a', subscriptions: ['workers'], retentionMs: FOR_EVER });
    database.exec(`begin;
      with recursive n(seq) as (select 1 union all select seq + 1 from n where seq < ${MILLION})
      insert into messages_1 select seq, 'k', 'v', null, ${nowMs}, 0 from n;
      update topics set last_seq = ${MILLION}, last_time_ms = ${nowMs}, published = ${MILLION};
      commit`);
  }

  /** Every statement that handing out uses must find its rows by an index, and in their order. */
  function plansOf(sql: string): string[] {
    return database
      .prepare(`explain query plan ${sql}`)
      .all()
      .map(({ detail }) => String(detail));
  }

  it('is handed out from its front, waiting or set aside, by steps in an index', () => {
    fillLine();
    const first = fetch({ topic: 1, subscription: 1, limit: 3 });
    expect(first.rows.map(({ seq }) => seq)).toEqual([1, 2, 3]);
    expect(first.more).toBe(true);
    // half a million that wait for their time, as after a storm of retries
    database.exec(`begin;
      insert into pending select 1, seq, ${nowMs + MINUTE_MS}, null from messages_1 where seq > 3 and seq <= 500000;
      update subscriptions set cursor_seq = 500000, passed = 500000;
      commit`);
    const next = fetch({ topic: 1, subscription: 1, limit: 2 });
    expect(next.rows.map(({ seq }) => seq)).toEqual([500_001, 500_002]);
    nowMs += 2 * MINUTE_MS;
    expect(fetch({ topic: 1, subscription: 1, limit: 2 }).rows.map(({ seq }) => seq)).toEqual([4, 5]);
    const plans = [
      ...plansOf(
        'select seq from pending where subscription = 1 and owner is null and due_ms <= 9 order by due_ms, seq',
      ),
      ...plansOf(
        'select due_ms from pending where subscription = 1 and owner is null order by due_ms limit 1',
      ),
      ...plansOf('select * from messages_1 where seq > 5 order by seq limit 5'),
      ...plansOf('update pending set owner = null where owner = 1'),
    ];
    expect(plans.length).toBeGreaterThanOrEqual(4);
    for (const plan of plans) expect(plan).toMatch(/^SEARCH/);
  }, 180_000);

  it('that is not due yet is set aside piece by piece', () => {
    ensure({ name: 'a', subscriptions: ['workers'], retentionMs: FOR_EVER });
    publish(1, 2_500, nowMs + MINUTE_MS);
    const { seqs } = publish(1, 1);
    const rounds: number[] = [];
    for (;;) {
      const { rows, more, nextDueMs } = fetch({ topic: 1, subscription: 1, limit: 5 });
      rounds.push(rows.length);
      if (rows.length > 0) expect(rows.map(({ seq }) => seq)).toEqual(seqs);
      expect(nextDueMs).toBe(nowMs + MINUTE_MS);
      if (!more) break;
    }
    expect(rounds).toEqual([0, 0, 1]);
  });
});
