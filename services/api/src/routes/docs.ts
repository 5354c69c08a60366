import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { Request, Response } from 'express';
import { PAGE_HEADERS } from '../http/headers.ts';
import { sendProblem, sendText } from '../http/respond.ts';

/** Swagger UI as the package brings it; nothing is fetched from anywhere else. */
const ASSETS: Readonly<Record<string, string>> = {
  'swagger-ui.css': 'text/css; charset=utf-8',
  'swagger-ui-bundle.js': 'text/javascript; charset=utf-8',
  'favicon-32x32.png': 'image/png',
};

const PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Genfleet API</title>
<link rel="icon" type="image/png" href="/docs/favicon-32x32.png">
<link rel="stylesheet" href="/docs/swagger-ui.css">
</head>
<body>
<div id="ui"></div>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
</body>
</html>
`;

// without a validator URL of its own Swagger UI would offer the document to a site on the internet
const START = `SwaggerUIBundle({
  url: '/openapi.json', dom_id: '#ui', deepLinking: true, validatorUrl: null, tryItOutEnabled: true,
});
`;

/** `GET /docs` */
export function docsPage(_req: Request, res: Response): void {
  sendText(res, 200, 'text/html; charset=utf-8', PAGE, PAGE_HEADERS);
}

/** `GET /docs/{file}` */
export async function docsFile(req: Request, res: Response): Promise<void> {
  const file = String(req.params['file']);
  if (file === 'start.js') {
    return sendText(res, 200, 'text/javascript; charset=utf-8', START, PAGE_HEADERS);
  }
  const type = Object.hasOwn(ASSETS, file) ? ASSETS[file] : undefined;
  if (type === undefined) return sendProblem(req, res, { status: 404, detail: 'Not Found' });
  const bytes = await readFile(join(assetFolder(), file));
  const headers = {
    'content-type': type,
    'content-length': bytes.byteLength,
    'cache-control': 'max-age=3600',
  };
  res.writeHead(200, { ...PAGE_HEADERS, ...headers });
  res.end(req.method === 'HEAD' ? undefined : bytes);
}

function assetFolder(): string {
  return dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));
}
