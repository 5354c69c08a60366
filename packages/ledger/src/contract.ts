import type { JobEvent, Topic } from '@genfleet/job';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { FIXED_LEDGER, jobId } from './contract/fixed-ledger.ts';
import { pastJobsLaw } from './contract/past-jobs-law.ts';
import type { LedgerStatement } from './contract/statements/statement.ts';
import { STATEMENTS } from './contract/statements.ts';
import { InvalidQuery } from './sql/invalid-query.ts';
import type { QueryOptions, QueryResult, SqlLedger } from './sql/sql-ledger.ts';
import { CATALOG } from './sql/tables.ts';

export { FIXED_LEDGER } from './contract/fixed-ledger.ts';
export type { LedgerStatement } from './contract/statements/statement.ts';
export { STATEMENTS } from './contract/statements.ts';

const SET_UP_MS = 300_000;
const QUERY_MS = 120_000;

export interface SqlLedgerUnderTest {
  readonly ledger: SqlLedger;
  /** `<tenant>/<namespace>`, without quotes. */
  readonly schemaName: string;
  /** Puts an event on its topic, at a later time (in ms) than the one before. Resolves once it is published. */
  publish(topic: Topic, event: JobEvent): Promise<void>;
  /** The ledger was closed before. */
  destroy(): Promise<void>;
}

export interface SqlLedgerContractOptions {
  /** The adapter's name, for the report. */
  readonly name: string;
  /** A ledger over empty topics. */
  create(): Promise<SqlLedgerUnderTest>;
  /** Statements that the engine cannot answer, by their names, with the reason that the skip shows. */
  readonly unsupported?: Readonly<Record<string, string>>;
  /** A query that takes longer than the tests wait, on this engine. */
  readonly endless: string;
}

/** The SQL of a statement for this ledger: `{catalog}`, `{schema}` and `{schema name}` are filled in. */
export function statementSql(sql: string, schemaName: string): string {
  return sql
    .replaceAll('{catalog}', CATALOG)
    .replaceAll('{schema}', `"${schemaName}"`)
    .replaceAll('{schema name}', schemaName);
}

/** The law of SQL over the ledger: every adapter calls this from an `.int.test.ts` of its own. */
export function sqlLedgerContract(options: SqlLedgerContractOptions): void {
  describe(`${options.name} keeps the contract of SQL over the ledger`, () => {
    let under: SqlLedgerUnderTest;
    const ask = (sql: string, more: Partial<QueryOptions> = {}): Promise<QueryResult> =>
      under.ledger.query(statementSql(sql, under.schemaName), {
        ...{ maxRows: 1_000, timeoutMs: QUERY_MS, signal: new AbortController().signal },
        ...more,
      });

    beforeAll(async () => {
      under = await options.create();
      for (const { topic, event } of FIXED_LEDGER) await under.publish(topic, event);
    }, SET_UP_MS);
    afterAll(async () => {
      await under?.ledger.close();
      await under?.destroy();
    }, SET_UP_MS);

    describe('answers like every other engine:', () => {
      for (const statement of STATEMENTS) {
        const reason = options.unsupported?.[statement.name];
        if (reason === undefined) it(statement.name, () => expectRows(statement, ask), QUERY_MS);
        else it.skip(`${statement.name} (not here: ${reason})`, () => undefined);
      }
    });

    pastJobsLaw(() => under.ledger, QUERY_MS);

    it(
      'says what is wrong, and where',
      async () => {
        const wrong = async (sql: string) => {
          const thrown = await ask(sql).catch((error: unknown) => error);
          expect(thrown).toBeInstanceOf(InvalidQuery);
          return thrown as InvalidQuery;
        };
        expect((await wrong('select\n  1 +')).position?.line).toBe(2);
        const misspelt = await wrong("select 'é' as e,\n  tenand from completed_txt2img_generation");
        expect(misspelt.position).toEqual({ line: 2, column: 3 });
        expect(misspelt.message).toMatch(/tenand/);
        const missing = await wrong('select * from nowhere');
        expect(missing.message).toMatch(
          /nowhere.*requested_txt2img_generation.*cancelled_completion_generation/s,
        );
        expect(missing.position).toEqual({ line: 1, column: 15 });
        expect((await wrong("select cast('x' as bigint)")).message).toMatch(/x/);
        expect((await wrong('select 1; select 2')).position).toEqual({ line: 1, column: 9 });
        for (const nothing of ['', ' ; ', '-- nothing'])
          expect((await wrong(nothing)).message).toMatch(/no query/);
      },
      QUERY_MS,
    );

    it(
      'only reads',
      async () => {
        const { name } = { name: 'completed_txt2img_generation' };
        const [before] = (await ask(`select count(*) from ${name}`)).rows;
        for (const write of [
          `delete from ${name}`,
          `drop table ${name}`,
          `insert into ${name} select * from ${name}`,
          `update ${name} set id = 'x'`,
          'create table mine (a bigint)',
          `create view mine as select * from ${name}`,
        ]) {
          await expect(ask(write)).rejects.toMatchObject({ code: 'invalid_query' });
        }
        expect((await ask(`select count(*) from ${name}`)).rows[0]).toEqual(before);
      },
      QUERY_MS,
    );

    it(
      'hands out as many rows as asked for, and says when there were more',
      async () => {
        const sql = 'select x from (values (1), (2), (3)) as v(x) order by x';
        expect(await ask(sql, { maxRows: 2 })).toMatchObject({ rows: [[1], [2]], truncated: true });
        expect(await ask(sql, { maxRows: 3 })).toMatchObject({ rows: [[1], [2], [3]], truncated: false });
        expect(await ask(`${sql.replace('order', 'where x > 5 order')}`)).toMatchObject({
          ...{ rows: [], truncated: false },
          columns: [{ name: 'x', type: 'integer' }],
        });
      },
      QUERY_MS,
    );

    it(
      'ends a query when its time is over, and when nobody wants it any more',
      async () => {
        await expect(ask(options.endless, { timeoutMs: 300 })).rejects.toMatchObject({
          code: 'query_timeout',
        });
        const gone = new AbortController();
        const asked = ask(options.endless, { signal: gone.signal });
        setTimeout(() => gone.abort(), 300);
        await expect(asked).rejects.toMatchObject({ code: 'cancelled' });
        await expect(ask('select 1', { signal: gone.signal })).rejects.toMatchObject({ code: 'cancelled' });
        expect((await ask('select 1')).rows).toEqual([[1]]);
      },
      QUERY_MS,
    );

    it(
      'knows everything that was published before the question',
      async () => {
        const [first] = FIXED_LEDGER;
        if (!first) throw new Error('the fixed ledger is empty');
        const { topic } = first;
        for (let n = 1; n <= 10; n++) {
          const event = { ...first.event, id: jobId(String(n)), tenant: 'late' } as JobEvent;
          await under.publish(topic, event);
          const { rows } = await ask(`select count(*), max(id) from ${topic.name} where tenant = 'late'`);
          expect(rows[0]?.[0]).toBe(n);
        }
      },
      SET_UP_MS,
    );
  });
}

/** Asks, and compares with what every engine answers. */
export async function expectRows(
  { sql, rows, types, unless = [] }: LedgerStatement,
  ask: (sql: string) => Promise<QueryResult>,
): Promise<void> {
  const result = await ask(sql);
  const hidden = result.columns.map(({ name }) => unless.includes(name));
  const compared = result.rows.map((row) => row.map((value, index) => (hidden[index] ? null : value)));
  expect(compared).toEqual(rows);
  expect(result.truncated).toBe(false);
  if (types) expect(result.columns.map(({ type }) => type)).toEqual(types);
}
