import { readFileSync } from 'node:fs';
import { GenfleetError } from '@genfleet/job';
import { describe, expect, it } from '@jest/globals';
import { STATEMENTS } from '../contract/statements.ts';
import { csvLines } from './csv.ts';
import { NAMED_QUERIES } from './named-queries.ts';
import { namedQuery } from './named-query.ts';
import { typeText } from './sql-type.ts';
import { ledgerTables, MESSAGE_COLUMNS, schemaNameOf } from './tables.ts';

const page = readFileSync(new URL('../../../../docs/ledger.md', import.meta.url), 'utf8');
const JOB = '0190a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2b';

describe('named queries', () => {
  it('stand in docs/ledger.md as they are', () => {
    const shown = [...page.matchAll(/^### `([\w-]+)`\n\n(.+?)\n\n```sql\n([\s\S]*?)\n```/gm)];
    expect(shown.map(([, name, about, sql]) => ({ name, about, sql }))).toEqual(NAMED_QUERIES);
  });

  it('are all among the statements that every engine is held to', () => {
    const held = STATEMENTS.map(({ name }) => name);
    for (const { name } of NAMED_QUERIES) expect(held).toContain(`named: ${name}`);
    expect(STATEMENTS.length).toBeGreaterThanOrEqual(30);
    expect(new Set(held).size).toBe(held.length);
  });

  it('bound what is read from below, and never from above', () => {
    for (const { sql } of NAMED_QUERIES) {
      expect(sql).toContain("__publish_time__ >= timestamp '{since}'");
      expect(sql).not.toMatch(/__publish_time__ (<|=|between)/);
    }
  });

  it('are asked about a time', () => {
    const sinceIn = (since?: string) => /timestamp '([^']*)'/.exec(namedQuery('throughput', { since }))?.[1];
    expect(sinceIn()).toBe('1970-01-01 00:00:00.000');
    expect(sinceIn('2026-03-01')).toBe('2026-03-01 00:00:00.000');
    expect(sinceIn('2026-03-01T12:30Z')).toBe('2026-03-01 12:30:00.000');
    expect(sinceIn('2026-03-01 12:30:15.5')).toBe('2026-03-01 12:30:15.500');
    for (const no of ['yesterday', "2026-01-01' or '1'='1", '2026-13-01', '']) {
      expect(() => sinceIn(no)).toThrow(GenfleetError);
    }
  });

  it('are asked about a job, whose id says since when', () => {
    const sql = namedQuery('job-history', { job: JOB.toUpperCase() });
    expect(sql).toContain(`where id = '${JOB}'`);
    expect(sql).toContain("__publish_time__ >= timestamp '2024-07-11 ");
    expect(sql).not.toMatch(/[{}]/);
    for (const job of [undefined, '', "x' or true --"]) {
      expect(() => namedQuery('job-history', { job })).toThrow(/wants the id of a job/);
    }
    expect(() => namedQuery('nothing')).toThrow(/There are: throughput, /);
  });
});

describe('the tables', () => {
  it('stand in docs/ledger.md with their columns', () => {
    const shown = [...page.matchAll(/^\| `(\w+)` \| `(.+?)` \|/gm)].map(
      ([, name, type]) => `${name} ${type}`,
    );
    const columns = [...ledgerTables().flatMap((table) => table.columns), ...MESSAGE_COLUMNS];
    const all = columns.map(({ name, type }) => `${name} ${typeText(type)}`);
    expect([...new Set(shown)].sort()).toEqual([...new Set(all)].sort());
    for (const { name } of ledgerTables()) expect(page).toContain(`\`${name}\``);
  });

  it('lie in the schema of their bus', () => {
    expect(schemaNameOf('sqlite:./data/fleet.db')).toBe('public/default');
    expect(schemaNameOf('pulsar://broker:6650')).toBe('public/default');
    expect(schemaNameOf('pulsar+wss://a,b:8443/team/images?token=x')).toBe('team/images');
  });
});

describe('csvLines', () => {
  it('quotes what has to be quoted', () => {
    const columns = ['a', 'b,c'].map((name) => ({ name, type: 'varchar' }));
    const rows = [
      ['plain', null],
      ['say "x"\nand', { k: [1, 'v'] }],
      [1.5, true],
    ];
    expect([...csvLines({ columns, rows })]).toEqual([
      'a,"b,c"',
      'plain,',
      '"say ""x""\nand","{""k"":[1,""v""]}"',
      '1.5,true',
    ]);
  });
});
