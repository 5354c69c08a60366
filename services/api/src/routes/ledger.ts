import { once } from 'node:events';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { GenfleetError, IN_PLAIN_WORDS, isUuid, shownValue } from '@genfleet/job';
import {
  csvLines,
  InvalidQuery,
  NAMED_QUERIES,
  namedQuery,
  type QueryResult,
  queryParameters,
  type SqlLedger,
} from '@genfleet/ledger';
import type { Request, Response } from 'express';
import type { Api } from '../api.ts';
import { readJson } from '../http/body.ts';
import { faultsOf } from '../http/faults.ts';
import { goneSignal } from '../http/gone-signal.ts';
import { DATA_HEADERS } from '../http/headers.ts';
import { invalid, type Problem, problemOf, unavailable } from '../http/problem.ts';
import { parseQuery } from '../http/query.ts';
import { sendJson, sendProblem } from '../http/respond.ts';
import { ledgerQuerySchema, namedQuerySchema } from './ledger-query.ts';

const TURNED_OFF: Problem = { status: 404, detail: 'This service takes no queries' };
const RETRY_AFTER_SECONDS = 5;
/** Written at once; the loop gets a turn between two pieces. */
const PIECE_ROWS = 500;

/** `POST /ledger/query`: JSON, or CSV for who accepts it rather. Ends when the client hangs up. */
export async function queryLedger(api: Api, req: Request, res: Response): Promise<void> {
  const ledger = queryable(api);
  if (!ledger) return sendProblem(req, res, TURNED_OFF);
  const body = await readJson(req, api.options.config.MAX_BODY_BYTES);
  if (!body.ok) {
    if (body.problem) sendProblem(req, res, body.problem);
    return;
  }
  const parsed = ledgerQuerySchema.safeParse(body.value, IN_PLAIN_WORDS);
  if (!parsed.success) return sendProblem(req, res, invalid(faultsOf(parsed.error)));
  const { sql, max_rows: maxRows, timeout_seconds: seconds } = parsed.data;
  await answer(api, req, res, { ledger, sql, maxRows, seconds });
}

/** `GET /ledger/queries` */
export function listNamedQueries(api: Api, req: Request, res: Response): void {
  if (!queryable(api)) {
    sendProblem(req, res, TURNED_OFF);
    return;
  }
  const queries = NAMED_QUERIES.map((query) => ({
    ...{ name: query.name, about: query.about },
    parameters: queryParameters(query),
  }));
  sendJson(res, 200, { queries });
}

/** `GET /ledger/queries/{name}`: answered as `POST /ledger/query` is. */
export async function askNamedQuery(api: Api, req: Request, res: Response): Promise<void> {
  const ledger = queryable(api);
  if (!ledger) return sendProblem(req, res, TURNED_OFF);
  const query = NAMED_QUERIES.find(({ name }) => name === req.params['name']);
  if (!query) return sendProblem(req, res, { status: 404, detail: 'No query has this name' });
  const parsed = parseQuery(namedQuerySchema, req.url);
  if (!parsed.ok) return sendProblem(req, res, invalid(parsed.faults));
  const { max_rows: maxRows, timeout_seconds: seconds, ...given } = parsed.value;
  const taken = queryParameters(query);
  const isNoId = given.job !== undefined && !isUuid(given.job.toLowerCase());
  const strange = Object.keys(given).filter((name) => !taken.some((parameter) => parameter.name === name));
  const missing = taken.filter(({ name, required }) => required && given[name] === undefined);
  const faults = [
    ...strange.map((path) => ({ path, message: `not a parameter of ${query.name}` })),
    ...missing.map(({ name }) => ({ path: name, message: 'required' })),
    ...(isNoId && strange.length === 0
      ? [{ path: 'job', message: `${shownValue(given.job)} is not a UUID` }]
      : []),
  ];
  if (faults.length > 0) return sendProblem(req, res, invalid(faults));
  const sql = namedQuery(query.name, {
    since: isoTime(given.from),
    until: isoTime(given.to),
    job: given.job,
  });
  await answer(api, req, res, { ledger, sql, maxRows, seconds });
}

const isoTime = (timeMs: number | undefined) =>
  timeMs === undefined ? undefined : new Date(timeMs).toISOString();

/** The ledger, unless nobody may query it. */
function queryable(api: Api): SqlLedger | undefined {
  return api.options.config.LEDGER_QUERY ? api.options.ledger : undefined;
}

interface Asked {
  readonly ledger: SqlLedger;
  readonly sql: string;
  readonly maxRows: number;
  readonly seconds: number;
}

async function answer(api: Api, req: Request, res: Response, asked: Asked): Promise<void> {
  const { ledger, sql, maxRows, seconds } = asked;
  const signal = goneSignal(res, api.stopping);
  let result: QueryResult;
  try {
    result = await ledger.query(sql, { maxRows, timeoutMs: Math.ceil(seconds * 1_000), signal });
  } catch (error) {
    if (signal.aborted && !api.stopping.aborted) return;
    const problem = problemOfQuery(error);
    // how long it may take was the client's own word
    if (problem.status >= 500 && problem.status !== 504)
      api.options.log.warn({ err: error }, 'a query of the ledger failed');
    return sendProblem(req, res, problem);
  }
  const wantsCsv = /\btext\/csv\b/.test(req.headers.accept ?? '');
  await send(res, wantsCsv ? csvOf(result) : jsonOf(result), {
    'content-type': wantsCsv ? 'text/csv; charset=utf-8; header=present' : 'application/json; charset=utf-8',
    'x-truncated': String(result.truncated),
    'x-elapsed-ms': String(Math.round(result.elapsedMs)),
  });
}

function problemOfQuery(error: unknown): Problem {
  if (!(error instanceof GenfleetError)) return problemOf(error);
  const { code, message } = error;
  if (code === 'invalid_query') {
    const position = error instanceof InvalidQuery ? error.position : undefined;
    const detail = position ? `line ${position.line}, column ${position.column}: ${message}` : message;
    return { status: 422, detail, errors: [{ path: 'sql', message, ...position }] };
  }
  if (code === 'query_timeout') return { status: 504, detail: message };
  if (code === 'cancelled') return unavailable('The service is stopping', RETRY_AFTER_SECONDS);
  if (code === 'bus_unavailable' || code === 'ledger_failed') {
    return unavailable('The ledger can not be read now', RETRY_AFTER_SECONDS);
  }
  return problemOf(error);
}

function* csvOf(result: QueryResult): Generator<string> {
  for (const line of csvLines(result)) yield `${line}\r\n`;
}

function* jsonOf({ columns, rows, truncated, elapsedMs }: QueryResult): Generator<string> {
  yield `{"columns":${JSON.stringify(columns)},"rows":[`;
  for (const [index, row] of rows.entries()) yield `${index > 0 ? ',' : ''}${JSON.stringify(row)}`;
  yield `],"truncated":${truncated},"elapsed_ms":${Math.round(elapsedMs)}}`;
}

/** A long answer is written in pieces, as fast as the client takes them. */
async function send(
  res: Response,
  parts: Iterable<string>,
  headers: Readonly<Record<string, string>>,
): Promise<void> {
  if (res.destroyed) return;
  res.writeHead(200, { ...DATA_HEADERS, ...headers });
  const gone = new AbortController();
  res.once('close', () => gone.abort());
  let piece: string[] = [];
  for (const part of parts) {
    piece.push(part);
    if (piece.length < PIECE_ROWS) continue;
    const isTaken = res.write(piece.join(''));
    piece = [];
    if (!isTaken) await once(res, 'drain', { signal: gone.signal }).catch(() => undefined);
    if (res.destroyed) return;
    await nextTurn();
  }
  res.end(piece.join(''));
}
