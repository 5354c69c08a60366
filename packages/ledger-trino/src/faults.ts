import { GenfleetError } from '@genfleet/job';
import {
  InvalidQuery,
  ledgerTables,
  positionAt,
  type SqlPosition,
  type Statement,
  unknownTable,
} from '@genfleet/ledger';
import type { TrinoError } from './connection.ts';
import { nameOf } from './publish-time.ts';

const MISSING_TABLE = /^(?:line \d+:\d+: )?Table '(.+)' (?:not found|does not exist)/;
const AT = /^line \d+:\d+: /;

/** What Trino says of a file that it can't read, by the names of its errors. */
const OF_A_FILE =
  /^HIVE_(?:BAD_DATA|CANNOT_OPEN_SPLIT|CURSOR_ERROR|MISSING_DATA|FILE_NOT_FOUND|FILESYSTEM_ERROR)$/;
const CHECK = 'npm run recorder -- check makes a damaged file of the archive anew while its topic can';
const TABLES = 'run what npm run recorder -- tables prints for the catalog of the archive';

/** What Trino says of a query that began after `linesBefore` lines, in the words and codes of every engine. */
export function faultOf(error: TrinoError, statement: Statement, linesBefore: number): GenfleetError {
  const { message, errorName, errorType } = error;
  const said = message.replace(AT, '');
  if (errorName === 'EXCEEDED_TIME_LIMIT')
    return new GenfleetError('query_timeout', 'the query took too long');
  if (errorName === 'USER_CANCELED' || errorName === 'ADMINISTRATIVELY_KILLED') {
    return new GenfleetError('ledger_failed', `the query was ended in Trino: ${said}`);
  }
  if (errorType === 'INSUFFICIENT_RESOURCES') {
    return new InvalidQuery(`The query needs more than Trino may spend on it; ask for less. ${said}`);
  }
  if (OF_A_FILE.test(errorName)) return new GenfleetError('ledger_failed', `Trino failed: ${said}; ${CHECK}`);
  if (isOfOurs(error, linesBefore)) {
    return new GenfleetError('ledger_failed', `Trino can't read the archive: ${said}; ${TABLES}`, {
      retryable: false,
    });
  }
  if (errorType !== 'USER_ERROR') return new GenfleetError('ledger_failed', `Trino failed: ${said}`);
  const missing = MISSING_TABLE.exec(message)?.[1];
  if (missing !== undefined) {
    const names = ledgerTables().map(({ name }) => name);
    return unknownTable(missing.split('.').at(-1) ?? missing, names, placeOfTable(missing, statement));
  }
  return new InvalidQuery(said, placeOf(error, statement.sql, linesBefore));
}

/** Whether it is about what was put before the query, which reads the archive. */
function isOfOurs({ message, errorType, errorLocation }: TrinoError, linesBefore: number): boolean {
  const line =
    errorLocation?.lineNumber ?? Number(/^line (\d+):/.exec(message)?.[1] ?? Number.POSITIVE_INFINITY);
  return errorType === 'USER_ERROR' && line <= linesBefore;
}

/** Trino counts characters where we count UTF-16 units, and both from 1. */
function placeOf({ errorLocation }: TrinoError, sql: string, linesBefore: number): SqlPosition | undefined {
  if (!errorLocation) return undefined;
  const { lineNumber, columnNumber } = errorLocation;
  const number = lineNumber - linesBefore;
  const line = sql.split('\n')[number - 1] ?? '';
  return { line: number, column: [...line].slice(0, columnNumber - 1).join('').length + 1 };
}

/** The connector does not say where: where its name stands first. */
function placeOfTable(missing: string, { sql, tokens }: Statement): SqlPosition | undefined {
  const found = tokens.find((token) => {
    const name = nameOf(token)?.toLowerCase();
    return name !== undefined && (missing === name || missing.endsWith(`.${name}`));
  });
  return found && positionAt(sql, found.offset);
}

/** What axios throws when Trino did not answer, or refused to. */
interface HttpFault {
  readonly code?: string;
  readonly message: string;
  readonly response?: { readonly status: number };
}

const GONE = new Set([404, 410]);

/** @param shown the address of the Trino. */
export function httpFaultOf(thrown: unknown, shown: string, user: string): GenfleetError {
  if (thrown instanceof GenfleetError) return thrown;
  const { response, code, message } = thrown as HttpFault;
  const failed = (text: string, retryable = true) =>
    // without the cause: axios keeps the password in it
    new GenfleetError('ledger_failed', text, { retryable });
  if (response?.status === 401) return failed(`Trino at ${shown} refused the password of ${user}`, false);
  if (response?.status === 403) return failed(`Trino at ${shown} does not let ${user} ask`, false);
  if (response && GONE.has(response.status)) {
    return failed(`Trino at ${shown} does not know the query any more: it was restarted`);
  }
  if (response) return failed(`Trino at ${shown} answered with status ${response.status}`);
  if (/CERT|SIGNATURE|TLS|SSL|EPROTO/.test(code ?? '')) {
    return failed(`Trino at ${shown} cannot be trusted: ${message}`, false);
  }
  return failed(`Trino at ${shown} does not answer: ${message}`);
}
