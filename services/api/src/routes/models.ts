import type { Request, Response } from 'express';
import type { Api } from '../api.ts';
import { sendJson, sendProblem } from '../http/respond.ts';

/** `GET /models`: what workers announced. */
export function listModels(api: Api, _req: Request, res: Response): void {
  const models = api.catalogue.models().map(({ sinceMs: _sinceMs, ...model }) => model);
  sendJson(res, 200, { models });
}

/** `GET /v1/models` as OpenAI's clients read it; an alias is a model of its own there. */
export function listOpenAiModels(api: Api, _req: Request, res: Response): void {
  sendJson(res, 200, { object: 'list', data: openAiModels(api) });
}

/** `GET /v1/models/{model}` */
export function getOpenAiModel(api: Api, req: Request, res: Response): void {
  const { model: parts } = req.params;
  const name = Array.isArray(parts) ? parts.join('/') : String(parts);
  const model = openAiModels(api).find(({ id }) => id === name);
  if (model) {
    sendJson(res, 200, model);
    return;
  }
  const detail = `The model ${JSON.stringify(name.slice(0, 80))} does not exist`;
  sendProblem(req, res, { status: 404, detail, code: 'model_not_found' });
}

function openAiModels(api: Api) {
  return api.catalogue.models().flatMap(({ name, aliases, sinceMs }) =>
    [name, ...aliases].map((id) => ({
      id,
      object: 'model' as const,
      created: Math.floor(sinceMs / 1_000),
      owned_by: 'genfleet',
    })),
  );
}
