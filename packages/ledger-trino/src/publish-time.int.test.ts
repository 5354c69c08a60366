import type { SqlLedger } from '@genfleet/ledger';
import { FIXED_LEDGER } from '@genfleet/ledger/contract';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { openTopics, providePair, type Topics, WIDE } from '../test/trino-under-test.test.ts';
import { readTrinoAddress } from './address.ts';
import { type Page, startQuery } from './connection.ts';
import { openTrinoLedger } from './index.ts';

const pair = await providePair();
const SET_UP_MS = 300_000;
const EVENTS = 60;
const TABLE = 'requested_txt2img_generation';
const SAFE = /__publish_time__ \+ interval '0' second <(=?) timestamp/;

/** What a bound says of a time, and how it is written; `bounds` where it has an upper one. */
const COMPARISONS = {
  '<': {
    holds: (at: number, time: number) => at < time,
    write: (c: string, t: string) => `${c} < ${t}`,
    bounds: true,
  },
  '<=': { holds: (at, time) => at <= time, write: (c, t) => `${t} >= ${c}`, bounds: true },
  '=': { holds: (at, time) => at === time, write: (c, t) => `${c} = ${t}`, bounds: true },
  between: {
    ...{ holds: (at, time) => at <= time, bounds: true },
    write: (c, t) => `${c} between timestamp '2020-01-01' and ${t}`,
  },
  'not >=': { holds: (at, time) => at < time, write: (c, t) => `not (${c} >= ${t})`, bounds: true },
  'not or': {
    ...{ holds: (at, time) => at < time, bounds: true },
    write: (c, t) => `not (${c} >= ${t} or tenant = 'nobody')`,
  },
  '>=': { holds: (at, time) => at >= time, write: (c, t) => `${c} >= ${t}`, bounds: false },
  '>': { holds: (at, time) => at > time, write: (c, t) => `${t} < ${c}`, bounds: false },
  exact: {
    ...{ holds: (at, time) => at < time, bounds: false },
    write: (c, t) => `${c} + interval '0' second < ${t}`,
  },
  'text only': {
    ...{ holds: () => true, bounds: false },
    write: (_c, t) =>
      `'__publish_time__ < ${t.replaceAll("'", "''")}' <> tenant -- __publish_time__ < ${t}\n`,
  },
} satisfies Record<
  string,
  {
    holds: (at: number, time: number) => boolean;
    write: (column: string, time: string) => string;
    bounds: boolean;
  }
>;
type Comparison = keyof typeof COMPARISONS;

/** How the column comes into a query, under which name, with a place for the bound. */
const SHAPES: Readonly<Record<string, (condition: (column: string) => string) => string>> = {
  plain: (bound) => `select count(*) from ${TABLE} where ${bound('__publish_time__')}`,
  shouted: (bound) => `SELECT count(*) FROM ${TABLE} WHERE ${bound('__PUBLISH_TIME__')}`,
  quoted: (bound) => `select count(*) from ${TABLE} as r where ${bound('r."__publish_time__"')}`,
  'between comments': (bound) =>
    `select count(*) from ${TABLE} where ${bound('/* < */ __publish_time__ -- not a bound\r')}`,
  renamed: (bound) =>
    `select count(*) from (select __publish_time__ as t, tenant from ${TABLE}) where ${bound('t')}`,
  'with a query': (bound) =>
    `with r(a, tenant) as (select __publish_time__, tenant from ${TABLE}), s as (select a as b, tenant from r) select count(*) from s where ${bound('s.b')}`,
  'by its place': (bound) =>
    `select count(*) from (select date_trunc('year', timestamp '2020-01-01') as t, 'x' as tenant where false union all select __publish_time__, tenant from ${TABLE}) where ${bound('t')}`,
  'every column': (bound) =>
    `select count(*) from (select * from ${TABLE}) as r where ${bound('r.__publish_time__')}`,
  'a condition of an aggregate': (bound) =>
    `select count(*) filter (where ${bound('__publish_time__')}) from ${TABLE}`,
  'a condition of a join': (bound) =>
    `select count(*) from ${TABLE} join (values 1) as v(one) on ${bound('__publish_time__')}`,
  'carried over a join': (bound) =>
    `select count(*) from ${TABLE} as r join (select __message_id__ as m, __publish_time__ as t from ${TABLE}) as s on r.__message_id__ = s.m and r.__publish_time__ = s.t where ${bound('s.t')}`,
};
/** Where a bound on a part of the row is no bound of the scan, it may as well be let through. */
const MAY_PASS = new Set(['a condition of an aggregate']);

const toMs = (text: unknown) => Date.parse(`${text}Z`);
const literal = (ms: number) =>
  `timestamp '${new Date(ms).toISOString().replace('T', ' ').replace('Z', '')}'`;

if ('missing' in pair) {
  describe('__publish_time__', () => it.skip(`not here: ${pair.missing}`, () => undefined));
} else {
  describe('__publish_time__', () => {
    let topics: Topics;
    let ledger: SqlLedger;
    let timesMs: number[] = [];
    const { signal } = new AbortController();
    const ask = async (sql: string) => (await ledger.query(sql, { ...WIDE, signal })).rows;

    beforeAll(async () => {
      topics = await openTopics(pair);
      ledger = openTrinoLedger({ url: pair.trino.url, schemaName: topics.schemaName });
      const [first] = FIXED_LEDGER;
      if (!first) throw new Error('the fixed ledger is empty');
      for (let n = 0; n < EVENTS; n++) await topics.publish(first.topic, first.event);
      const rows = await ask(`select __publish_time__ from ${TABLE}`);
      timesMs = rows.map(([time]) => toMs(time)).sort((a, b) => a - b);
      expect(timesMs).toHaveLength(EVENTS);
    }, SET_UP_MS);
    afterAll(async () => {
      await ledger?.close();
      await topics?.bus.close();
    });

    it('would lose messages under an upper bound, if Trino were asked for it', async () => {
      const last = literal((timesMs.at(-1) ?? 0) + 1);
      const address = readTrinoAddress({ url: pair.trino.url, schemaName: topics.schemaName });
      const sql = `select count(*) from ${TABLE} where __publish_time__ < ${last}`;
      const pages: Page[] = [];
      for await (const page of startQuery(address, sql, { ...WIDE, signal }).pages) pages.push(page);
      const [[counted] = []] = pages.flatMap(({ data }) => data ?? []);
      expect(counted).toBeLessThan(EVENTS);
      await expect(ask(sql)).rejects.toMatchObject({
        ...{ code: 'invalid_query', position: { line: 1, column: sql.indexOf('__publish') + 1 } },
        message: expect.stringMatching(SAFE),
      });
      const exact = sql.replace('__publish_time__ <', "__publish_time__ + interval '0' second <");
      expect(await ask(exact)).toEqual([[EVENTS]]);
    });

    it('is exact or refused, however the bound is written', async () => {
      const comparisons = Object.keys(COMPARISONS) as Comparison[];
      const shapes = fc.constantFrom(...Object.keys(SHAPES));
      const index = fc.nat({ max: EVENTS - 1 });
      await fc.assert(
        fc.asyncProperty(shapes, fc.constantFrom(...comparisons), index, async (shape, comparison, place) => {
          const timeMs = timesMs[place] ?? 0;
          const { holds, write, bounds } = COMPARISONS[comparison];
          const sql = SHAPES[shape]?.((column) => write(column, literal(timeMs))) ?? '';
          const answer = await ask(sql).catch((thrown: unknown) => thrown);
          if (bounds && !(MAY_PASS.has(shape) && Array.isArray(answer))) {
            expect(answer).toMatchObject({ code: 'invalid_query', message: expect.stringMatching(SAFE) });
          } else {
            expect(answer).toEqual([[timesMs.filter((atMs) => holds(atMs, timeMs)).length]]);
          }
        }),
        { numRuns: 40 },
      );
    }, 240_000);

    it('is the only time with this trap: the time of the event may be bounded either way', async () => {
      const events = (await ask(`select __event_time__ from ${TABLE}`)).map(([time]) => toMs(time));
      for (const place of [0, 17, EVENTS - 1]) {
        const timeMs = events[place] ?? 0;
        const [[before, until, exactly, from] = []] = await ask(`select
          (select count(*) from ${TABLE} where __event_time__ < ${literal(timeMs)}),
          (select count(*) from ${TABLE} where __event_time__ <= ${literal(timeMs)}),
          (select count(*) from ${TABLE} where __event_time__ = ${literal(timeMs)}),
          (select count(*) from ${TABLE} where __event_time__ >= ${literal(timeMs)})`);
        expect({ before, until, exactly, from }).toEqual({
          before: events.filter((atMs) => atMs < timeMs).length,
          until: events.filter((atMs) => atMs <= timeMs).length,
          exactly: events.filter((atMs) => atMs === timeMs).length,
          from: events.filter((atMs) => atMs >= timeMs).length,
        });
      }
    }, 60_000);

    it('is exact from the first query after a message was published', async () => {
      const [, , , other] = FIXED_LEDGER;
      if (!other) throw new Error('the fixed ledger is too small');
      const { topic, event } = other;
      const sinceMs = Date.now() - 600_000;
      const [[there] = []] = await ask(`select count(*) from ${topic.name}`);
      for (let n = Number(there) + 1; n <= Number(there) + 40; n++) {
        await topics.publish(topic, event);
        const bound = n % 2 === 0 ? `where __publish_time__ >= ${literal(sinceMs)}` : '';
        expect(await ask(`select count(*) from ${topic.name} ${bound}`)).toEqual([[n]]);
      }
    }, 240_000);
  });
}
