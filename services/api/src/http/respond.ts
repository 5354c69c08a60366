import type { Request, Response } from 'express';
import { DATA_HEADERS } from './headers.ts';
import { openAiError, type Problem, problemBody } from './problem.ts';

type Headers = Readonly<Record<string, string>>;

/** One write of status, headers and body; no etag, since answers of the API change under their URL. */
export function sendJson(res: Response, status: number, value: unknown, headers?: Headers): void {
  sendText(res, status, 'application/json; charset=utf-8', JSON.stringify(value), headers);
}

export function sendText(res: Response, status: number, type: string, body: string, headers?: Headers): void {
  if (res.headersSent || res.destroyed) return;
  res.writeHead(status, {
    ...DATA_HEADERS,
    'content-type': type,
    'content-length': Buffer.byteLength(body),
    ...headers,
  });
  res.end(body);
}

/** A refusal in the form that clients of this path expect. */
export function sendProblem(req: Request, res: Response, problem: Problem): void {
  if (req.path.startsWith('/v1/')) {
    const { status, body } = openAiError(problem);
    sendJson(res, status, body, problem.headers);
    return;
  }
  const body = JSON.stringify(problemBody(problem));
  sendText(res, problem.status, 'application/problem+json', body, problem.headers);
}
