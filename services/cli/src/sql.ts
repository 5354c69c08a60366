import type { Bus } from '@genfleet/bus';
import type { Config } from '@genfleet/config';
import { GenfleetError } from '@genfleet/job';
import { csvLines, InvalidQuery, namedQuery, type QueryResult, type SqlLedger } from '@genfleet/ledger';
import { footer, tableLines } from './result-table.ts';
import type { SqlWords } from './sql-words.ts';

/** What `genfleet sql` needs of the process. */
export interface SqlContext {
  openBus(config: Config): Promise<Bus>;
  openLedger(config: Config, bus: Bus): Promise<SqlLedger>;
  /** All of standard input. */
  readInput(): Promise<string>;
  /** Aborts at Ctrl-C, from the first call on. */
  interrupted(): AbortSignal;
  say(line: string): void;
  complain(line: string): void;
}

/**
 * Asks the ledger and prints the answer: rows to standard output, how long it took beside them.
 * @returns false when it was interrupted. @throws GenfleetError as the ledger does, with the place of a mistake.
 */
export async function sql(words: SqlWords, config: Config, context: SqlContext): Promise<boolean> {
  const signal = context.interrupted();
  const text = await queryOf(words, context);
  const bus = await context.openBus(config);
  let ledger: SqlLedger | undefined;
  try {
    ledger = await context.openLedger(config, bus);
    const { maxRows, timeoutMs } = words;
    print(await ledger.query(text, { maxRows, timeoutMs, signal }), words, context);
    return true;
  } catch (error) {
    if (error instanceof GenfleetError && error.code === 'cancelled') return false;
    if (!(error instanceof InvalidQuery) || !error.position) throw error;
    const { line, column } = error.position;
    throw new GenfleetError('invalid_query', `line ${line}, column ${column}: ${error.message}`, {
      cause: error,
    });
  } finally {
    await ledger?.close();
    await bus.close();
  }
}

async function queryOf({ sql: text, named, since, job }: SqlWords, context: SqlContext): Promise<string> {
  if (named !== undefined) return namedQuery(named, { since, job });
  return text === '-' ? context.readInput() : (text ?? '');
}

function print(result: QueryResult, { format }: SqlWords, context: SqlContext): void {
  const { columns, rows, truncated, elapsedMs } = result;
  if (format === 'json') {
    const elapsed_ms = Math.round(elapsedMs);
    context.say(JSON.stringify({ columns, rows, truncated, elapsed_ms }));
    return;
  }
  for (const line of format === 'csv' ? csvLines(result) : tableLines(result)) context.say(line);
  // whoever takes the CSV on must learn that it is not all
  if (format === 'csv' && truncated) context.complain(footer(result));
  if (format === 'table') context.say(`\n${footer(result)}`);
}
