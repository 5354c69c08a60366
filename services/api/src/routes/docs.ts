import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { Request, RequestHandler, Response } from 'express';
import { PAGE_HEADERS, REDOC_HEADERS } from '../http/headers.ts';
import { sendProblem, sendText } from '../http/respond.ts';
import type { ApiConfig } from '../options.ts';

/** Swagger UI as the package brings it; nothing is fetched from anywhere else. */
const ASSETS: Readonly<Record<string, string>> = {
  'swagger-ui.css': 'text/css; charset=utf-8',
  'swagger-ui-bundle.js': 'text/javascript; charset=utf-8',
  'favicon-32x32.png': 'image/png',
};

/** Redoc with all its parts in one file. */
const REDOC = 'redoc.standalone.js';

type Pages = Pick<ApiConfig, 'DOCS_URL' | 'OPENAPI_URL' | 'REDOC_URL'>;

/** The document and the pages that show it, each where it is wanted; a page without its document is none. */
export function docsRoutes(
  { DOCS_URL, OPENAPI_URL, REDOC_URL }: Pages,
  openApi: RequestHandler,
): [path: string, handler: RequestHandler][] {
  if (OPENAPI_URL === undefined) return [];
  const routes: [string, RequestHandler][] = [[OPENAPI_URL, openApi]];
  if (DOCS_URL !== undefined) routes.push([DOCS_URL, page(swaggerPage(DOCS_URL))]);
  if (REDOC_URL !== undefined) {
    routes.push([REDOC_URL, page(redocPage(REDOC_URL, OPENAPI_URL), REDOC_HEADERS)]);
    routes.push([`${REDOC_URL}/${REDOC}`, sendRedoc]);
  }
  if (DOCS_URL !== undefined) routes.push([`${DOCS_URL}/:file`, docsFile(swaggerStart(OPENAPI_URL))]);
  return routes;
}

const htmlPage = (head: string, body: string) => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Genfleet API</title>
${head}</head>
<body>
${body}</body>
</html>
`;

function swaggerPage(docsUrl: string): string {
  return htmlPage(
    `<link rel="icon" type="image/png" href="${docsUrl}/favicon-32x32.png">
<link rel="stylesheet" href="${docsUrl}/swagger-ui.css">
`,
    `<div id="ui"></div>
<script src="${docsUrl}/swagger-ui-bundle.js"></script>
<script src="${docsUrl}/start.js"></script>
`,
  );
}

function redocPage(redocUrl: string, openApiUrl: string): string {
  return htmlPage(
    '<link rel="icon" href="data:,">\n',
    `<redoc spec-url="${openApiUrl}" disable-telemetry="true"></redoc>
<script type="module" src="${redocUrl}/${REDOC}"></script>
`,
  );
}

// without a validator URL of its own Swagger UI would offer the document to a site on the internet
function swaggerStart(openApiUrl: string): string {
  return `SwaggerUIBundle({
  url: '${openApiUrl}', dom_id: '#ui', deepLinking: true, validatorUrl: null, tryItOutEnabled: true,
});
`;
}

function page(html: string, headers: Readonly<Record<string, string>> = PAGE_HEADERS): RequestHandler {
  return (_req, res) => sendText(res, 200, 'text/html; charset=utf-8', html, headers);
}

/** `GET {DOCS_URL}/{file}` */
function docsFile(start: string): RequestHandler {
  return async (req, res) => {
    const file = String(req.params['file']);
    if (file === 'start.js') {
      return sendText(res, 200, 'text/javascript; charset=utf-8', start, PAGE_HEADERS);
    }
    const type = Object.hasOwn(ASSETS, file) ? ASSETS[file] : undefined;
    if (type === undefined) return sendProblem(req, res, { status: 404, detail: 'Not Found' });
    await sendFile(req, res, join(dirname(find('swagger-ui-dist/package.json')), file), type);
  };
}

/** `GET {REDOC_URL}/redoc.standalone.js` */
function sendRedoc(req: Request, res: Response): Promise<void> {
  // `imports` of package.json says which file that is; beside a bundle it is another
  return sendFile(req, res, find('#redoc'), 'text/javascript; charset=utf-8');
}

async function sendFile(req: Request, res: Response, path: string, type: string): Promise<void> {
  const bytes = await readFile(path);
  const headers = {
    'content-type': type,
    'content-length': bytes.byteLength,
    'cache-control': 'max-age=3600',
  };
  res.writeHead(200, { ...PAGE_HEADERS, ...headers });
  res.end(req.method === 'HEAD' ? undefined : bytes);
}

/** Looked for when it is needed, and not before. */
function find(name: string): string {
  return createRequire(import.meta.url).resolve(name);
}
