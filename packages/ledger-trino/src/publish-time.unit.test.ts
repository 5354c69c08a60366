import { InvalidQuery, readStatement } from '@genfleet/ledger';
import { describe, expect, it } from '@jest/globals';
import { plannedTimes, planQuestion } from './publish-time.ts';

const scan = (columnName: string, ranges: object[], catalog = 'pulsar') => ({
  table: { catalog, schemaTable: { schema: 'a/b', table: 'requested_txt2img_generation' } },
  columnConstraints: [{ columnName, type: 'timestamp(3)', domain: { nullsAllowed: false, ranges } }],
});
const plan = (...inputTableColumnInfos: object[]) => JSON.stringify({ inputTableColumnInfos });
const from = { low: { value: '2020-01-01 00:00:00.000', bound: 'EXACTLY' }, high: { bound: 'BELOW' } };
const until = { low: { bound: 'ABOVE' }, high: { value: '2020-01-01 00:00:00.000', bound: 'BELOW' } };
const query = readStatement('select *\nfrom t where "__publish_time__" < x');

describe('planQuestion', () => {
  it.each(['select 1', 'WITH a as (select 1) table a', 'values (1)', 'table a', '(select 1)'])(
    'asks of %s',
    (sql) => {
      const question = planQuestion(readStatement(sql), { sql, linesBefore: 0 });
      expect(question?.sql.split('\n').slice(question.linesBefore).join('\n')).toBe(sql);
    },
  );

  it.each(['show tables', 'describe t', 'explain select 1'])('asks nothing of %s', (sql) => {
    expect(planQuestion(readStatement(sql), { sql, linesBefore: 0 })).toBeUndefined();
  });
});

const readsTopics = (text: string) => plannedTimes(text, query, 'archive').readsTopics;

describe('plannedTimes', () => {
  it('knows what reads none', () => {
    expect(readsTopics(plan())).toBe(false);
    expect(readsTopics(plan(scan('__publish_time__', [from])))).toBe(true);
    expect(readsTopics(plan(scan('__event_time__', [until])))).toBe(true);
  });

  it('refuses an upper bound on the time of publishing, of whichever scan and range', () => {
    for (const bounded of [
      plan(scan('__publish_time__', [until])),
      plan(scan('id', [from]), scan('__publish_time__', [until, from])),
    ]) {
      let thrown: unknown;
      try {
        readsTopics(bounded);
      } catch (error) {
        thrown = error;
      }
      expect(thrown).toBeInstanceOf(InvalidQuery);
      expect(thrown).toMatchObject({ position: { line: 2, column: 14 } });
    }
  });

  it('knows since when an archive is read, which may be bounded as one likes', () => {
    const of = (...scans: object[]) => [...plannedTimes(plan(...scans), query, 'archive').archivedFromMs];
    const bounded = scan('__publish_time__', [from], 'archive');
    const table = 'requested_txt2img_generation';
    expect(of(bounded)).toEqual([[table, Date.parse('2020-01-01T00:00:00Z')]]);
    expect(of(scan('__publish_time__', [until], 'archive'))).toEqual([]);
    expect(of(bounded, scan('id', [from], 'archive'))).toEqual([]);
    expect(of(scan('__publish_time__', [from]))).toEqual([]);
  });
});
