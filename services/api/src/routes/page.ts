import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import express, { type Express, type RequestHandler, type Response } from 'express';
import { PAGE_HEADERS } from '../http/headers.ts';

/** How the build names what it has compressed: as the part itself, and this. */
const COMPRESSED = '.gz';
const TYPES: readonly (readonly [ending: string, type: string])[] = [
  [`.js${COMPRESSED}`, 'text/javascript; charset=utf-8'],
  [`.css${COMPRESSED}`, 'text/css; charset=utf-8'],
];

/** The built page; its hashed parts never change under their name. Without one the address leads to the documentation. */
export function addPage(app: Express, webDir: string | undefined, docsUrl: string | undefined): void {
  if (webDir === undefined) {
    if (docsUrl) app.get('/', (_req, res) => res.writeHead(302, { location: docsUrl }).end());
    return;
  }
  const hashed = join(webDir, 'assets');
  const setHeaders = (res: Response, path: string) => {
    for (const [name, value] of Object.entries(PAGE_HEADERS)) res.setHeader(name, value);
    if (!path.startsWith(hashed)) return;
    res.setHeader('cache-control', 'public, max-age=31536000, immutable');
    const type = TYPES.find(([ending]) => path.endsWith(ending))?.[1];
    if (type === undefined) return;
    res.setHeader('content-encoding', 'gzip');
    res.setHeader('content-type', type);
  };
  app.use('/assets', preferCompressed(hashed));
  app.use(express.static(webDir, { index: 'index.html', redirect: false, setHeaders }));
}

/** Leads to the compressed part whoever takes it: a third of the bytes, and compressed once, by the build. */
function preferCompressed(folder: string): RequestHandler {
  const parts = new Set(namesIn(folder).filter((name) => name.endsWith(COMPRESSED)));
  return (req, res, next) => {
    const name = `${req.path.slice(1)}${COMPRESSED}`;
    if (parts.has(name)) {
      res.vary('accept-encoding');
      if (req.acceptsEncodings('gzip') === 'gzip') req.url = `/${name}`;
    }
    next();
  };
}

/** Nothing where there is no such folder: a page may have been built in another way. */
function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
