import { decideCancel, type JobState } from '@genfleet/job';
import type { Request, Response } from 'express';
import { type Api, baseUrlOf } from '../api.ts';
import { readJson } from '../http/body.ts';
import { goneSignal } from '../http/gone-signal.ts';
import type { Problem } from '../http/problem.ts';
import { sendJson, sendProblem } from '../http/respond.ts';
import { admitImage } from '../jobs/admit-image.ts';
import { awaitEnd } from '../jobs/await-end.ts';
import { toImageRequest } from '../jobs/openai-request.ts';
import { admittedHeaders } from '../jobs/receipt.ts';

/** OpenAI's own clients give up after ten minutes. */
const WAIT_MS = 590_000;

/**
 * `POST /v1/images/generations`: the same durable job as any other, waited for. A client that hangs up never
 * learns its id, so its job is cancelled; one that the service leaves waiting when it stops goes on.
 */
export async function generateImages(api: Api, req: Request, res: Response): Promise<void> {
  const body = await readJson(req, api.options.config.MAX_BODY_BYTES);
  if (!body.ok) {
    if (body.problem) sendProblem(req, res, body.problem);
    return;
  }
  const asked = toImageRequest(body.value, api.catalogue);
  if (!asked.ok) return sendProblem(req, res, asked.problem);
  const admitted = await admitImage(api, asked.request, req);
  if (!admitted.ok) return sendProblem(req, res, admitted.problem);
  const { id } = admitted;
  const ended = await awaitEnd(api.options.views.txt2img, id, WAIT_MS, goneSignal(res, api.stopping));
  if (!ended) {
    if (res.destroyed) return cancelAbandoned(api, id);
    return sendProblem(req, res, { status: 504, detail: `The image is not ready yet. Its job is ${id}.` });
  }
  const problem = failureIn(ended);
  if (problem) return sendProblem(req, res, problem);
  const data = await imagesOf(api, ended, asked.format, baseUrlOf(api, req));
  const created = Math.floor(Date.parse(ended.request?.request_time ?? '') / 1_000);
  sendJson(res, 200, { created, data }, { 'genfleet-job-id': id, ...admittedHeaders(admitted) });
}

async function imagesOf(api: Api, state: JobState, format: 'url' | 'b64_json', baseUrl: string) {
  const artifacts = state.outcome?.type === 'completed' ? state.outcome.event.artifacts : [];
  const data: { url?: string; b64_json?: string }[] = [];
  for (const { key } of artifacts) {
    if (format === 'url') data.push({ url: await api.links.url(key, baseUrl) });
    else
      data.push({ b64_json: Buffer.from((await api.options.artifacts.get(key)).bytes).toString('base64') });
  }
  return data;
}

/** Why a job that ended has no images. */
function failureIn(state: JobState): Problem | undefined {
  const { outcome } = state;
  if (outcome?.type === 'completed') return undefined;
  if (outcome?.type === 'cancelled')
    return { status: 409, detail: 'The job was cancelled', code: 'cancelled' };
  const { code, message } = outcome?.event.error ?? { code: 'internal', message: 'The job failed' };
  const isClients = code === 'prompt_rejected' || code === 'model_not_found' || code === 'invalid_settings';
  return { status: isClients ? 400 : 500, detail: message, code };
}

async function cancelAbandoned(api: Api, id: string): Promise<void> {
  const state = api.options.views.txt2img.job(id);
  if (!state) return;
  const event = decideCancel(state, api.options.clock(), 'The client hung up');
  if (!('refused' in event)) await api.publisher.publish(event);
}
