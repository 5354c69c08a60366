import type { ModelCatalogue } from '@genfleet/catalogue';
import { type CompletionSettings, IN_PLAIN_WORDS, type ModelInfo, type TextFeature } from '@genfleet/job';
import type { z } from 'zod';
import { faultsOf } from '../http/faults.ts';
import { type Fault, invalid, type Problem } from '../http/problem.ts';
import type { WebhookPolicy } from '../jobs/request.ts';
import { webhookFault } from '../jobs/request.ts';
import { type Asked, askedChat, askedCompletion, chatSchema, completionSchema } from './openai-completion.ts';

export type CheckedCompletion =
  | { readonly ok: true; readonly asked: Asked }
  | { readonly ok: false; readonly problem: Problem };

export interface Surroundings {
  readonly catalogue: ModelCatalogue;
  readonly webhooks: WebhookPolicy;
}

/** Fields that editor plugins of the Copilot family send along; they have no effect here. */
const PLUGIN_FIELDS = ['extra', 'nwo', 'feature_flags', 'code_annotations', 'intent', 'intent_tokens'];

/**
 * Checks a body of `POST /v1/completions`. `engine` is the model of `/v1/engines/{engine}/completions`, whose clients
 * name none in the body.
 */
export function checkCompletion(body: unknown, around: Surroundings, engine?: string): CheckedCompletion {
  const given =
    engine === undefined || !isRecord(body) ? body : { ...withoutPluginFields(body), model: engine };
  return check(completionSchema, given, around, askedCompletion);
}

/** Checks a body of `POST /v1/chat/completions`. */
export function checkChat(body: unknown, around: Surroundings): CheckedCompletion {
  return check(chatSchema, body, around, askedChat);
}

function check<Body>(
  schema: z.ZodType<Body>,
  body: unknown,
  { catalogue, webhooks }: Surroundings,
  ask: (body: Body) => Asked,
): CheckedCompletion {
  const parsed = schema.safeParse(body, IN_PLAIN_WORDS);
  const model = isRecord(body) ? body['model'] : undefined;
  if (typeof model === 'string' && model !== '' && !catalogue.knows(model, 'completion')) {
    return { ok: false, problem: unknownModel(model, catalogue) };
  }
  if (!parsed.success) return { ok: false, problem: invalid(faultsOf(parsed.error)) };
  const asked = ask(parsed.data);
  const info = catalogue.info(asked.request.settings.model);
  const faults = [...crossFaults(asked), ...(info ? beyond(asked, info) : [])];
  const webhook = webhookFault(asked.request.webhook_url, webhooks);
  if (webhook !== undefined) faults.push({ path: 'webhook_url', message: webhook });
  if (faults.length > 0) return { ok: false, problem: invalid(faults) };
  const tooLong = info && contextProblem(asked.request.settings, info);
  return tooLong ? { ok: false, problem: tooLong } : { ok: true, asked };
}

function unknownModel(model: string, catalogue: ModelCatalogue): Problem {
  const known = catalogue.names('completion').join(', ') || 'none yet';
  const message = `The model ${JSON.stringify(model.slice(0, 80))} does not exist; there are: ${known}`;
  return { status: 404, detail: message, code: 'model_not_found', errors: [{ path: 'model', message }] };
}

function crossFaults({ request, form }: Asked): Fault[] {
  const { settings, interactive, store } = request;
  const faults: Fault[] = [];
  const fault = (path: string, message: string) => faults.push({ path, message });
  const isTokens = settings.prompts?.some((prompt) => typeof prompt !== 'string') ?? false;
  if (isTokens && settings.suffix !== undefined) fault('suffix', 'goes with a prompt that is text');
  if (settings.echo && settings.suffix !== undefined) fault('echo', 'does not go with suffix');
  if (settings.max_tokens === 0 && !settings.echo) fault('max_tokens', 'must be at least 1 without echo');
  if (!interactive && form.stream) {
    fault('stream', 'does not go with background: follow the job at /v1/completions/{id}/events');
  }
  if (!interactive && !store) fault('store', 'must not be false with background: the text is fetched later');
  if (interactive && request.webhook_url !== undefined) fault('webhook_url', 'goes with background only');
  return faults;
}

const FEATURES: readonly [
  feature: TextFeature,
  path: string,
  isWanted: (settings: CompletionSettings) => boolean,
][] = [
  ['suffix', 'suffix', ({ suffix }) => suffix !== undefined],
  ['logprobs', 'logprobs', ({ logprobs }) => logprobs !== undefined],
  ['echo', 'echo', ({ echo }) => echo],
  ['seed', 'seed', ({ seed }) => seed !== undefined],
  ['presence_penalty', 'presence_penalty', ({ presence_penalty: penalty }) => penalty !== 0],
  ['frequency_penalty', 'frequency_penalty', ({ frequency_penalty: penalty }) => penalty !== 0],
  [
    'token_prompts',
    'prompt',
    ({ prompts }) => prompts?.some((prompt) => typeof prompt !== 'string') ?? false,
  ],
  ['chat', 'messages', ({ messages }) => messages !== undefined],
];

/** What is asked for and the model has not: named, not ignored. */
function beyond({ request }: Asked, { name, text }: ModelInfo): Fault[] {
  if (!text) return [];
  const { settings } = request;
  const faults = FEATURES.filter(
    ([feature, , isWanted]) => isWanted(settings) && !text.features.includes(feature),
  ).map(([feature, path]) => ({ path, message: refusal(feature, name) }));
  const { max_tokens: maxTokens } = settings;
  if (maxTokens !== undefined && maxTokens > text.max_tokens) {
    faults.push({ path: 'max_tokens', message: `model ${name} writes at most ${text.max_tokens} tokens` });
  }
  return faults;
}

function refusal(feature: TextFeature, model: string): string {
  if (feature === 'token_prompts') return `model ${model} takes text, not token ids`;
  if (feature === 'chat') return `model ${model} has no chat template; use /v1/completions`;
  return `is not supported by model ${model}`;
}

/** Of a prompt in tokens the length is known here; of text the engine's tokenizer tells. */
function contextProblem({ prompts, max_tokens: maxTokens = 0 }: CompletionSettings, { text }: ModelInfo) {
  const longest = Math.max(
    0,
    ...(prompts ?? []).map((prompt) => (typeof prompt === 'string' ? 0 : prompt.length)),
  );
  if (!text || longest === 0 || longest + maxTokens <= text.context_tokens) return undefined;
  return contextLengthExceeded(
    `This model's maximum context length is ${text.context_tokens} tokens; the prompt has ${longest} and max_tokens is ${maxTokens}.`,
  );
}

/** OpenAI's refusal of what does not fit a model's context. */
export function contextLengthExceeded(detail: string): Problem {
  return { ...invalid([{ path: 'prompt', message: detail }]), detail, code: 'context_length_exceeded' };
}

function withoutPluginFields(body: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(body).filter(([name]) => !PLUGIN_FIELDS.includes(name)));
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
