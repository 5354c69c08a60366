import express, {
  type ErrorRequestHandler,
  type Express,
  type Request,
  type RequestHandler,
  type Response,
} from 'express';
import type { Api } from './api.ts';
import { callerOf, guarded } from './http/access.ts';
import { hostCheck } from './http/host-check.ts';
import { forOperators } from './http/operators.ts';
import { problemOf } from './http/problem.ts';
import { sendProblem, sendText } from './http/respond.ts';
import { getArtifact } from './routes/artifacts.ts';
import { cancelCompletion, cancelImage } from './routes/cancel-job.ts';
import { getCompletion, giveFeedback } from './routes/completion-jobs.ts';
import { createChatCompletion, createCompletion, createEngineCompletion } from './routes/completions.ts';
import { createImage } from './routes/create-image.ts';
import { redriveAll, redriveOne } from './routes/dead-letters.ts';
import { docsRoutes } from './routes/docs.ts';
import { streamCompletionEvents, streamImageEvents } from './routes/events.ts';
import { health, readiness } from './routes/health.ts';
import { getImage, listDeadLetters, listImages } from './routes/images.ts';
import { getJobHistory, listAllJobs } from './routes/jobs.ts';
import { askNamedQuery, listNamedQueries, queryLedger } from './routes/ledger.ts';
import { getOpenAiModel, listModels, listOpenAiModels } from './routes/models.ts';
import { generateImages } from './routes/openai-images.ts';
import { addPage } from './routes/page.ts';

/** Answers that take as long as their job, or as a question to the ledger. */
const WAITING_ROUTES = new Set([
  '/v1/images/generations',
  '/ledger/query',
  '/ledger/queries/:name',
  '/jobs/:id/history',
  '/v1/completions',
  '/v1/chat/completions',
  '/v1/engines/:engine/completions',
]);

type Handler = (api: Api, req: Request, res: Response) => unknown;
const SHOWN_PATH_CHARS = 200;

type Method = 'get' | 'post' | 'delete';

/** Every route of the API. Express matches them with and without a trailing slash; the busiest stand first. */
const ROUTES: readonly [path: string, handlers: Partial<Record<Method, Handler>>][] = [
  ['/images', { post: createImage, get: listImages }],
  ['/images/:id', { get: getImage, delete: cancelImage }],
  ['/v1/completions', { post: createCompletion }],
  ['/v1/chat/completions', { post: createChatCompletion }],
  ['/images/:id/events', { get: streamImageEvents }],
  ['/artifacts/:key', { get: getArtifact }],
  ['/dead-letters', { get: listDeadLetters }],
  ['/dead-letters/redrive', { post: redriveAll }],
  ['/dead-letters/:id/redrive', { post: redriveOne }],
  ['/models', { get: listModels }],
  ['/jobs', { get: listAllJobs }],
  ['/jobs/:id/history', { get: getJobHistory }],
  ['/ledger/query', { post: forOperators(queryLedger) }],
  ['/ledger/queries', { get: forOperators(listNamedQueries) }],
  ['/ledger/queries/:name', { get: forOperators(askNamedQuery) }],
  ['/v1/images/generations', { post: generateImages }],
  ['/v1/completions/:id', { get: getCompletion, delete: cancelCompletion }],
  ['/v1/completions/:id/events', { get: streamCompletionEvents }],
  ['/v1/completions/:id/feedback', { post: giveFeedback }],
  ['/v1/engines/:engine/completions', { post: createEngineCompletion }],
  ['/v1/models', { get: listOpenAiModels }],
  ['/v1/models/*model', { get: getOpenAiModel }],
];

/**
 * The Express application, kept thin: no body parser, no CORS, no request log, no etags. One middleware in
 * front, the routes, one middleware for errors behind.
 */
export function createApp(api: Api): Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('query parser', false);
  app.use(gate(api));
  for (const [path, handlers] of ROUTES) addRoute(app, path, bound(api, handlers));
  const ready = readiness(api);
  const plain: [string, RequestHandler][] = [
    ['/health', health],
    ['/health/live', health],
    ['/health/ready', ready],
    ['/metrics', (req, res) => metrics(api, req, res)],
    ...docsRoutes(api.options.config, openApi(api)),
  ];
  for (const [path, handler] of plain) addRoute(app, path, { get: handler });
  addPage(app, api.options.webDir, api.options.config.DOCS_URL);
  app.use((req: Request, res: Response) => {
    sendProblem(req, res, {
      status: 404,
      detail: `There is no route ${req.path.slice(0, SHOWN_PATH_CHARS)}`,
    });
  });
  app.use(errors(api));
  return app;
}

function bound(
  api: Api,
  handlers: Partial<Record<Method, Handler>>,
): Partial<Record<Method, RequestHandler>> {
  const entries = Object.entries(handlers).map(([method, handler]) => [
    method,
    bind(api, guarded(api, handler)),
  ]);
  return Object.fromEntries(entries);
}

function bind(api: Api, handler: Handler): RequestHandler {
  return (req, res) => handler(api, req, res);
}

function addRoute(app: Express, path: string, handlers: Partial<Record<Method, RequestHandler>>): void {
  const route = app.route(path);
  const methods = Object.keys(handlers) as Method[];
  for (const method of methods) {
    const handler = handlers[method];
    if (handler) route[method](handler);
  }
  const allow = methods
    .flatMap((method) => (method === 'get' ? ['GET', 'HEAD'] : [method.toUpperCase()]))
    .join(', ');
  route.all((req, res) => {
    if (req.method === 'OPTIONS') {
      res.writeHead(204, { allow }).end();
      return;
    }
    sendProblem(req, res, {
      status: 405,
      detail: `This route takes ${allow}, not ${req.method}`,
      headers: { allow },
    });
  });
}

/** What every request passes: counted, from an allowed host, and not from a foreign page. */
function gate(api: Api): RequestHandler {
  const { HOST, PUBLIC_URL } = api.options.config;
  const { isAllowedHost, isAllowedOrigin } = hostCheck(HOST, PUBLIC_URL);
  return (req, res, next) => {
    observe(api, req, res);
    if (api.stopping.aborted) res.setHeader('connection', 'close');
    const { host, origin } = req.headers;
    if (!isAllowedHost(host)) {
      return sendProblem(req, res, { status: 421, detail: 'This address does not serve that host name' });
    }
    const changes = req.method !== 'GET' && req.method !== 'HEAD' && req.method !== 'OPTIONS';
    if (changes && !isAllowedOrigin(origin, host)) {
      return sendProblem(req, res, {
        status: 403,
        detail: 'Requests from pages of another origin are refused',
      });
    }
    next();
  };
}

function observe(api: Api, req: Request, res: Response): void {
  const startMs = performance.now();
  res.once('finish', () => {
    const route = typeof req.route?.path === 'string' ? req.route.path : 'none';
    const { method } = req;
    api.metrics.requests.inc({ method, route, status: res.statusCode });
    const isLong =
      route.endsWith('/events') || WAITING_ROUTES.has(route) || req.headers['prefer'] !== undefined;
    if (!isLong) api.metrics.requestSeconds.observe({ method, route }, (performance.now() - startMs) / 1_000);
  });
}

async function metrics(api: Api, _req: Request, res: Response): Promise<void> {
  const { registry } = api.metrics;
  sendText(res, 200, registry.contentType, await registry.metrics());
}

/** Built at the first request, as is the memory it takes. */
function openApi(api: Api): RequestHandler {
  let text: Promise<string> | undefined;
  const build = async () => {
    const { openApiDocument } = await import('./openapi.ts');
    const { config, authenticator } = api.options;
    return JSON.stringify(openApiDocument(config.PUBLIC_URL, authenticator !== undefined));
  };
  return async (_req, res) => {
    text ??= build();
    sendText(res, 200, 'application/json; charset=utf-8', await text);
  };
}

/** The one place where what was thrown becomes a status. Reasons go to the log, never into the answer. */
function errors(api: Api): ErrorRequestHandler {
  return (err, req, res, next) => {
    const problem = problemOf(err);
    if (problem.status >= 500) {
      api.options.log.error({ err }, `${req.method} ${req.path} failed for caller ${callerOf(api, req).id}`);
    }
    if (res.headersSent) return next(err);
    sendProblem(req, res, problem);
  };
}
