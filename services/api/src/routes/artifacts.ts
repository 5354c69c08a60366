import { hash } from 'node:crypto';
import { GenfleetError } from '@genfleet/job';
import type { Request, Response } from 'express';
import type { Api } from '../api.ts';
import { FILE_HEADERS } from '../http/headers.ts';
import { NOT_FOUND } from '../http/problem.ts';
import { sendProblem } from '../http/respond.ts';

/** Names as workers give them: `<job id>.jpg`, `<job id>_<n>.png`. Nothing else ever reaches the store. */
const KEY = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?:_\d{1,3})?\.(?:jpg|png)$/;

/** `GET /artifacts/{key}`: for stores that have no URLs of their own. Bytes never change under a key. */
export async function getArtifact(api: Api, req: Request, res: Response): Promise<void> {
  const key = String(req.params['key']);
  if (!KEY.test(key)) return sendProblem(req, res, NOT_FOUND.txt2img);
  try {
    const { bytes, contentType } = await api.options.artifacts.get(key);
    const etag = `"${hash('sha256', bytes).slice(0, 32)}"`;
    if (req.headers['if-none-match']?.includes(etag)) {
      res.writeHead(304, { ...FILE_HEADERS, etag }).end();
      return;
    }
    const headers = { 'content-type': contentType, 'content-length': bytes.byteLength, etag };
    res.writeHead(200, { ...FILE_HEADERS, ...headers });
    res.end(req.method === 'HEAD' ? undefined : bytes);
  } catch (error) {
    const isMissing = error instanceof GenfleetError && error.code === 'artifact_not_found';
    if (!isMissing) throw error;
    sendProblem(req, res, NOT_FOUND.txt2img);
  }
}
