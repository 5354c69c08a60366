import type { Request, Response } from 'express';
import { type Api, baseUrlOf, renderContext } from '../api.ts';
import { readJson } from '../http/body.ts';
import { goneSignal } from '../http/gone-signal.ts';
import { invalid } from '../http/problem.ts';
import { sendJson, sendProblem } from '../http/respond.ts';
import { admitImage } from '../jobs/admit-image.ts';
import { awaitEnd } from '../jobs/await-end.ts';
import { admittedHeaders } from '../jobs/receipt.ts';
import { checkImageRequest } from '../jobs/request.ts';
import { renderImage } from '../render-image.ts';

const MAX_WAIT_SECONDS = 60;
const ACCEPTED = 'Request is being processed';

/** `POST /images/`: the 202 goes out once the job is durable, and not before. */
export async function createImage(api: Api, req: Request, res: Response): Promise<void> {
  const body = await readJson(req, api.options.config.MAX_BODY_BYTES);
  if (!body.ok) {
    if (body.problem) sendProblem(req, res, body.problem);
    return;
  }
  const checked = checkImageRequest(body.value, api.catalogue, api.webhooks);
  if (!checked.ok) return sendProblem(req, res, invalid(checked.faults));
  const admitted = await admitImage(api, checked.request, req);
  if (!admitted.ok) return sendProblem(req, res, admitted.problem);

  const { id } = admitted;
  const headers: Record<string, string> = { location: `/images/${id}`, ...admittedHeaders(admitted) };
  const { prefer } = req.headers;
  const waitSeconds = prefer === undefined ? 0 : waitIn(prefer);
  if (waitSeconds > 0) {
    const ended = await awaitEnd(
      api.options.views.txt2img,
      id,
      waitSeconds * 1_000,
      goneSignal(res, api.stopping),
    );
    headers['preference-applied'] = `wait=${waitSeconds}`;
    if (ended) {
      const image = await renderImage(ended, renderContext(api, baseUrlOf(api, req)));
      return sendJson(res, 200, image, headers);
    }
  }
  sendJson(res, 202, { message: ACCEPTED, id }, headers);
}

/** Seconds of `Prefer: wait=N` (RFC 7240), cut to the most there is; 0 when it isn't asked for. */
function waitIn(prefer: string | string[]): number {
  const match = /(?:^|[,;\s])wait\s*=\s*"?(\d{1,9})/i.exec(String(prefer));
  return match ? Math.min(Number(match[1]), MAX_WAIT_SECONDS) : 0;
}
