import { hash } from 'node:crypto';
import { type CompletionRequest, decideCompletion, type RequestedEvent } from '@genfleet/job';
import type { Request, Response } from 'express';
import type { Api } from '../api.ts';
import { type Answering, StreamReader, WholeReader } from '../completions/answers.ts';
import { type CheckedCompletion, checkChat, checkCompletion } from '../completions/check-completion.ts';
import { LiveText, type TextReader } from '../completions/live-text.ts';
import type { Asked } from '../completions/openai-completion.ts';
import { callerOf } from '../http/access.ts';
import { readJson } from '../http/body.ts';
import { goneSignal } from '../http/gone-signal.ts';
import { invalid } from '../http/problem.ts';
import { sendJson, sendProblem } from '../http/respond.ts';
import { type Admissible, admit } from '../jobs/admit.ts';
import { idempotencyKey } from '../jobs/idempotency-key.ts';
import { admittedHeaders } from '../jobs/receipt.ts';

/** A session is what an editor makes of it: any visible text. */
const SESSION = /^[\x21-\x7e]{1,256}$/;

/** `POST /v1/completions` */
export function createCompletion(api: Api, req: Request, res: Response): Promise<void> {
  return complete(api, req, res, (body) => checkCompletion(body, api));
}

/** `POST /v1/engines/{engine}/completions`, as plugins of the Copilot family call it. */
export function createEngineCompletion(api: Api, req: Request, res: Response): Promise<void> {
  const engine = String(req.params['engine']);
  return complete(api, req, res, (body) => checkCompletion(body, api, engine));
}

/** `POST /v1/chat/completions` */
export function createChatCompletion(api: Api, req: Request, res: Response): Promise<void> {
  return complete(api, req, res, (body) => checkChat(body, api));
}

async function complete(
  api: Api,
  req: Request,
  res: Response,
  check: (body: unknown) => CheckedCompletion,
): Promise<void> {
  const body = await readJson(req, api.options.config.MAX_BODY_BYTES);
  if (!body.ok) {
    if (body.problem) sendProblem(req, res, body.problem);
    return;
  }
  const checked = check(body.value);
  if (!checked.ok) return sendProblem(req, res, checked.problem);
  const session = sessionOf(api, req);
  if (session === 'invalid') {
    const message = '1 to 256 visible ASCII characters';
    return sendProblem(req, res, invalid([{ path: 'x-session-id', message }]));
  }
  const { asked } = checked;
  const request: CompletionRequest = {
    ...asked.request,
    ...(session === undefined ? {} : { session_sha256: session }),
  };
  if (request.interactive) await answer(api, req, res, { ...asked, request });
  else await answerLater(api, req, res, request);
}

/** A background job: 202 once it is durable. */
async function answerLater(api: Api, req: Request, res: Response, request: CompletionRequest): Promise<void> {
  const admissible: Admissible = {
    kind: 'completion',
    tenant: callerOf(api, req).tenant,
    body: request,
    make: (admission) => decideCompletion(request, admission),
  };
  const admitted = await admit(api, admissible, idempotencyKey(req));
  if (!admitted.ok) return sendProblem(req, res, admitted.problem);
  const { id } = admitted;
  const headers = { location: `/v1/completions/${id}`, ...admittedHeaders(admitted) };
  const object = request.settings.messages ? 'chat.completion' : 'text_completion';
  sendJson(res, 202, { id, object, status: 'queued' }, headers);
}

/** A client that waits: its job ends with its connection. */
async function answer(
  api: Api,
  req: Request,
  res: Response,
  { request, form }: Asked & { request: CompletionRequest },
): Promise<void> {
  const { config, clock } = api.options;
  const key = idempotencyKey(req);
  if (key !== undefined) {
    // the SDKs send one with every retry; a text that was not stored can't be given twice
    res.setHeader('idempotency-ignored', 'true');
  }
  let live: LiveText | undefined;
  // a service that stops lets the text end within its grace
  const gone = goneSignal(res);
  if (gone.aborted) return;
  const startMs = performance.now();
  const follow = (event: RequestedEvent<'completion'>) => {
    const head = {
      id: event.id,
      created: Math.floor(clock() / 1_000),
      model: api.catalogue.resolve(event.settings.model),
    };
    const onFirstText = () => api.metrics.firstTextSeconds.observe((performance.now() - startMs) / 1_000);
    const to: Answering = { req, res, form, head, onFirstText };
    live = new LiveText(
      api,
      event,
      readerOf(to, () => live?.tooSlow()),
    );
    live.follow(gone);
    if (event.session_sha256 !== undefined) api.sessions.began(event.session_sha256, event.id);
    return event;
  };
  const wanted = { deadline_seconds: config.COMPLETION_DEADLINE_SECONDS, ...request };
  const admissible: Admissible = {
    kind: 'completion',
    tenant: callerOf(api, req).tenant,
    body: request,
    make: (admission) => follow(decideCompletion(wanted, admission)),
  };
  try {
    const admitted = await admit(api, admissible, undefined);
    if (!admitted.ok) return sendProblem(req, res, admitted.problem);
  } catch (error) {
    live?.drop();
    throw error;
  }
}

function readerOf(to: Answering, onSlow: () => void): TextReader {
  return to.form.stream ? new StreamReader(to, onSlow) : new WholeReader(to);
}

/** The hash of the `x-session-id` header: what people call their sessions is nobody's business. */
function sessionOf(api: Api, req: Request): string | undefined | 'invalid' {
  const session = req.headers['x-session-id'];
  if (session === undefined) return undefined;
  if (typeof session !== 'string' || !SESSION.test(session)) return 'invalid';
  // nobody ends the work of another by the name of a session
  const { tenant, id } = callerOf(api, req);
  return hash('sha256', `${tenant}\n${id}\n${session}`);
}
