import { once } from 'node:events';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { GenfleetError } from '@genfleet/job';
import { csvLines, InvalidQuery, type QueryResult } from '@genfleet/ledger';
import type { Request, Response } from 'express';
import type { Api } from '../api.ts';
import { readJson } from '../http/body.ts';
import { faultsOf } from '../http/faults.ts';
import { goneSignal } from '../http/gone-signal.ts';
import { DATA_HEADERS } from '../http/headers.ts';
import { invalid, type Problem, problemOf, unavailable } from '../http/problem.ts';
import { sendProblem } from '../http/respond.ts';
import { ledgerQuerySchema } from './ledger-query.ts';

const RETRY_AFTER_SECONDS = 5;
/** Written at once; the loop gets a turn between two pieces. */
const PIECE_ROWS = 500;

/** `POST /ledger/query`: JSON, or CSV for who accepts it rather. Ends when the client hangs up. */
export async function queryLedger(api: Api, req: Request, res: Response): Promise<void> {
  const { ledger } = api.options;
  if (!ledger) return sendProblem(req, res, { status: 404, detail: 'This service takes no queries' });
  const body = await readJson(req, api.options.config.MAX_BODY_BYTES);
  if (!body.ok) {
    if (body.problem) sendProblem(req, res, body.problem);
    return;
  }
  const parsed = ledgerQuerySchema.safeParse(body.value);
  if (!parsed.success) return sendProblem(req, res, invalid(faultsOf(parsed.error)));
  const { sql, max_rows: maxRows, timeout_seconds: seconds } = parsed.data;
  const signal = goneSignal(res, api.stopping);
  let result: QueryResult;
  try {
    result = await ledger.query(sql, { maxRows, timeoutMs: seconds * 1_000, signal });
  } catch (error) {
    if (signal.aborted && !api.stopping.aborted) return;
    const problem = problemOfQuery(error);
    if (problem.status >= 500) api.options.log.warn({ err: error }, 'a query of the ledger failed');
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
