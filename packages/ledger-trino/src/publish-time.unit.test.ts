import { InvalidQuery, readStatement } from '@genfleet/ledger';
import { describe, expect, it } from '@jest/globals';
import { planQuestion, readsTopics } from './publish-time.ts';

const scan = (columnName: string, ranges: object[]) => ({
  table: { catalog: 'pulsar', schemaTable: { schema: 'a/b', table: 'requested_txt2img_generation' } },
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
      const question = planQuestion(readStatement(sql));
      expect(question?.sql.split('\n').slice(question.linesBefore).join('\n')).toBe(sql);
    },
  );

  it.each(['show tables', 'describe t', 'explain select 1'])('asks nothing of %s', (sql) => {
    expect(planQuestion(readStatement(sql))).toBeUndefined();
  });
});

describe('readsTopics', () => {
  it('knows what reads none', () => {
    expect(readsTopics(plan(), query)).toBe(false);
    expect(readsTopics(plan(scan('__publish_time__', [from])), query)).toBe(true);
    expect(readsTopics(plan(scan('__event_time__', [until])), query)).toBe(true);
  });

  it('refuses an upper bound on the time of publishing, of whichever scan and range', () => {
    for (const bounded of [
      plan(scan('__publish_time__', [until])),
      plan(scan('id', [from]), scan('__publish_time__', [until, from])),
    ]) {
      let thrown: unknown;
      try {
        readsTopics(bounded, query);
      } catch (error) {
        thrown = error;
      }
      expect(thrown).toBeInstanceOf(InvalidQuery);
      expect(thrown).toMatchObject({ position: { line: 2, column: 14 } });
    }
  });
});
