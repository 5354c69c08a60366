import { readStatement } from '@genfleet/ledger';
import { describe, expect, it } from '@jest/globals';
import { type Spanned, spannedSql, tablesIn } from './spanned-sql.ts';

const T = 'cancelled_txt2img_generation';
const places = {
  ...{ catalog: 'pulsar', schema: 'public/default' },
  ...{ archiveCatalog: 'archive', location: 's3://bucket/archive' },
};
const NOON_MS = Date.parse('2026-03-01T12:30:00Z');
const seam = { archivedTo: '000:7', behindMs: NOON_MS };
const spannedOf = (sql: string, of: Spanned['seam'] = seam) =>
  tablesIn(readStatement(sql)).map((table) => ({ table, seam: of }));
const rewritten = (sql: string, fromMs?: ReadonlyMap<string, number>) =>
  spannedSql(readStatement(sql), spannedOf(sql), places, fromMs);
/** What stands behind our own lines, and those. */
const parts = (sql: string) => {
  const { sql: whole, linesBefore } = rewritten(sql);
  const lines = whole.split('\n');
  return [lines.slice(0, linesBefore).join('\n'), lines.slice(linesBefore).join('\n')] as const;
};

describe('tablesIn', () => {
  it.each([
    [`select * from ${T}`, 1],
    [`(select * from ${T.toUpperCase()})`, 1],
    [`explain (type io, format json) select * from pulsar."public/default"."${T}"`, 1],
    ['select 1', 0],
    [`select '${T}' -- ${T}`, 0],
    [`describe ${T}`, 0],
    [`show create table ${T}`, 0],
  ])('of %s', (sql, count) => {
    expect(tablesIn(readStatement(sql))).toHaveLength(count);
  });
});

describe('spannedSql', () => {
  it('leaves a query as it is where nothing is archived', () => {
    const sql = `select * from ${T}`;
    const none = spannedOf(sql).map(({ table }) => ({ table, seam: undefined }));
    expect(spannedSql(readStatement(sql), none, places)).toEqual({ sql, linesBefore: 0 });
  });

  it('keeps every character of the query at its line and column', () => {
    for (const sql of [
      `select *\n  from ${T}`,
      `(select id from ${T}) union (select id from ${T})`,
      `table ${T}`,
    ]) {
      expect(parts(sql)[1]).toBe(sql);
    }
    expect(parts(`with a as (select 1)\nselect * from a, ${T}`)[1]).toBe(
      `     a as (select 1)\nselect * from a, ${T}`,
    );
    expect(parts(`with\nrecursive a as (select 1) select * from ${T}`)).toEqual([
      expect.stringMatching(/^with recursive cancelled.*\),$/),
      `    \n          a as (select 1) select * from ${T}`,
    ]);
    expect(parts(`explain -- why\n  select * from ${T}`)).toEqual([
      expect.stringMatching(/^explain with cancelled.*\)$/),
      `              \n  select * from ${T}`,
    ]);
  });

  it('finds a table by whichever name it is called', () => {
    expect(parts(`select t.id from PULSAR . "public/default".${T} t`)[1]).toBe(
      `select t.id from ${' '.repeat('PULSAR . "public/default".'.length)}${T} t`,
    );
    expect(parts(`select * from "public/default"."${T}"`)[1]).toBe(
      `select * from ${' '.repeat('"public/default".'.length)}"${T}"`,
    );
    const elsewhere = `select * from archive."public/default".${T}, pulsar."other/one".${T}`;
    expect(parts(elsewhere)[1]).toBe(elsewhere);
  });

  it('takes each message from one place', () => {
    const [prefix] = parts(`select * from ${T}`);
    expect(prefix).toMatch(
      /from archive\."public\/default"\.\w+ where __message_id__ <= '000:7' union all select .* from pulsar\."public\/default"\.\w+ where lpad\(.*\) > '000:7' and __publish_time__ >= timestamp '2026-03-01 12:20:00\.000'\)$/,
    );
    const sql = `select * from ${T}`;
    const { sql: held } = spannedSql(readStatement(sql), spannedOf(sql, { heldFrom: '000:3' }), places);
    expect(held).toMatch(/where __message_id__ < '000:3' union all .*\) >= '000:3'\)\n/);
  });

  it('leaves out the hours before the bound, of this archive and no other', () => {
    const { sql } = rewritten(`select * from ${T}`, new Map([[T, NOON_MS]]));
    expect(sql).toContain(
      `and ("$path" < 's3://bucket/archive/${T}/dt=' or "$path" >= 's3://bucket/archive/${T}/dt=2026-03-01/hour=12') union`,
    );
  });
});
