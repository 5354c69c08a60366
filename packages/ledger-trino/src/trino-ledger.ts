import { setTimeout as sleep } from 'node:timers/promises';
import { GenfleetError } from '@genfleet/job';
import {
  MAX_RESULT_BYTES,
  type QueryOptions,
  type QueryResult,
  type ResultColumn,
  readStatement,
  type SqlLedger,
  type SqlValue,
  type Statement,
} from '@genfleet/ledger';
import type { TrinoAddress } from './address.ts';
import {
  cancelQuery,
  type StartedQuery,
  startQuery,
  type TrinoColumn,
  type TrinoError,
} from './connection.ts';
import { faultOf, httpFaultOf } from './faults.ts';
import { plannedTimes, planQuestion, type Question } from './publish-time.ts';
import { type ArchiveBeside, Span } from './span.ts';
import { type Spanned, spannedSql, tablesIn } from './spanned-sql.ts';
import { type Converter, converterOf, typeName } from './values.ts';

/** One row, with the plan as text. */
const PLAN_ROWS = 1;
/**
 * What was published is visible to a reader of BookKeeper when the broker has told the bookies how far it is, every
 * 200 ms as docs/operations/trino.md has it; twice that, since the news takes its time. Waited for while the query is
 * planned.
 */
const VISIBLE_MS = 400;

/** So often a query is asked anew because a topic forgot messages meanwhile, which happens every few minutes at most. */
const TRIES = 3;

interface Answer {
  readonly columns: readonly ResultColumn[];
  readonly rows: readonly (readonly SqlValue[])[];
  readonly truncated: boolean;
}

interface Asking {
  readonly maxRows: number;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** SQL over the topics, and over their archive beside them, by a Trino with Pulsar's connector. See `SqlLedger`. */
export class TrinoLedger implements SqlLedger {
  readonly #address: TrinoAddress;
  readonly #span: Span | undefined;
  readonly #closed = new AbortController();
  /** Queries that Trino is being told to end. */
  readonly #cancelling = new Set<Promise<void>>();

  constructor(address: TrinoAddress, archive?: ArchiveBeside) {
    this.#address = address;
    if (address.archiveCatalog !== undefined && archive) this.#span = new Span(archive);
  }

  async query(sql: string, options: QueryOptions): Promise<QueryResult> {
    const startedMs = performance.now();
    const timeout = AbortSignal.timeout(options.timeoutMs);
    const over = new AbortController();
    const asking = {
      ...options,
      signal: AbortSignal.any([options.signal, timeout, this.#closed.signal, over.signal]),
    };
    try {
      asking.signal.throwIfAborted();
      const answer = await this.#answer(readStatement(sql), asking);
      return { ...answer, elapsedMs: performance.now() - startedMs };
    } catch (thrown) {
      if (this.#closed.signal.aborted) throw new GenfleetError('closed', 'the ledger was closed');
      if (options.signal.aborted) throw new GenfleetError('cancelled', 'the query was cancelled');
      if (timeout.aborted) {
        throw new GenfleetError('query_timeout', `the query took longer than ${options.timeoutMs} ms`);
      }
      throw httpFaultOf(thrown, this.#address.server, this.#address.user);
    } finally {
      over.abort();
    }
  }

  async close(): Promise<void> {
    this.#closed.abort();
    await Promise.all([...this.#cancelling, this.#span?.close()]);
  }

  async #answer(statement: Statement, asking: Asking): Promise<Answer> {
    const visible = sleep(VISIBLE_MS, undefined, { signal: asking.signal });
    visible.catch(() => undefined);
    for (let tries = 1; ; tries++) {
      const spanned = (await this.#span?.over(tablesIn(statement), asking.signal)) ?? [];
      const { question, readsTopics } = await this.#planned(statement, spanned, asking);
      if (readsTopics) await visible;
      const answer = await this.#ask(question, statement, asking);
      if (tries >= TRIES || (await this.#span?.isStill(spanned, asking.signal)) !== false) return answer;
    }
  }

  /** What is to be asked, by what Trino says that it would do. @throws InvalidQuery for what would be inexact. */
  async #planned(
    statement: Statement,
    spanned: readonly Spanned[],
    asking: Asking,
  ): Promise<{ question: Question; readsTopics: boolean }> {
    const { archiveCatalog = '', catalog, schema } = this.#address;
    const places = { catalog, schema, archiveCatalog, location: this.#span?.location ?? '' };
    const question = spannedSql(statement, spanned, places);
    const planQuery = planQuestion(statement, question);
    if (!planQuery) return { question, readsTopics: false };
    const plan = await this.#ask(planQuery, statement, { ...asking, maxRows: PLAN_ROWS });
    const { readsTopics, archivedFromMs } = plannedTimes(
      String(plan.rows[0]?.[0]),
      statement,
      this.#address.archiveCatalog,
    );
    return { question: spannedSql(statement, spanned, places, archivedFromMs), readsTopics };
  }

  async #ask({ sql, linesBefore }: Question, statement: Statement, asking: Asking): Promise<Answer> {
    const query = startQuery(this.#address, sql, asking);
    const fault = (error: TrinoError) => faultOf(error, statement, linesBefore);
    try {
      const answer = await collect(query, asking.maxRows, fault);
      if (answer.truncated) this.#cancel(query);
      return answer;
    } catch (thrown) {
      // what Trino says of a query, it says at its end
      if (!(thrown instanceof GenfleetError)) this.#cancel(query);
      throw thrown;
    }
  }

  /** Not waited for: who asked has the answer, and a Trino that is gone runs nothing. */
  #cancel(query: StartedQuery): void {
    const id = query.id();
    // one that Trino has not answered for is not begun before its first page is asked for
    if (id === undefined) return;
    const cancelling = cancelQuery(this.#address, id)
      .catch(() => undefined)
      .finally(() => this.#cancelling.delete(cancelling));
    this.#cancelling.add(cancelling);
  }
}

/** @throws what Trino says of the query, as `fault` tells it. */
async function collect(
  query: StartedQuery,
  maxRows: number,
  fault: (error: TrinoError) => GenfleetError,
): Promise<Answer> {
  let columns: readonly TrinoColumn[] = [];
  let converters: Converter[] = [];
  const rows: SqlValue[][] = [];
  const answer = (truncated: boolean) => ({
    columns: columns.map(({ name, typeSignature }) => ({ name, type: typeName(typeSignature) })),
    ...{ rows, truncated },
  });
  for await (const page of query.pages) {
    if (page.error) throw fault(page.error);
    if (page.columns && columns.length === 0) {
      columns = page.columns;
      converters = columns.map(({ typeSignature }) => converterOf(typeSignature));
    }
    for (const row of page.data ?? []) {
      if (rows.length >= maxRows) return answer(true);
      rows.push(row.map((value, index) => converters[index]?.(value) ?? null));
    }
    if (query.bytes() > MAX_RESULT_BYTES) return answer(true);
  }
  return answer(false);
}
