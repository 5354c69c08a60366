import type { TextSettings } from '@genfleet/engine';
import { GenfleetError, type Prompt, type TextFeature } from '@genfleet/job';
import { chatPrompt, fimPrompt } from '@genfleet/models';
import type { TextModel } from './text-model.ts';

/** Special tokens that a server may put around a prompt. */
const SPARE_TOKENS = 16;

/** What to send for a text, and what is left to do here. */
export interface TextRequest {
  readonly path: 'completions' | 'chat/completions';
  readonly body: string;
  /** Stop sequences that the upstream does not take. */
  readonly localStops: readonly string[];
  /** As it is sent; undefined for a chat that the upstream makes a prompt of. */
  readonly prompt: Prompt | undefined;
}

/**
 * The request that a text's settings make; `whole` for an answer in one piece.
 * @throws GenfleetError `invalid_settings` for what the model can't do, naming the field; `prompt_rejected`.
 */
export function textRequest(model: TextModel, settings: TextSettings, whole = false): TextRequest {
  refuseWhatIsLacking(model, settings);
  const prompt = promptOf(model, settings);
  const stops = stopsOf(model, settings);
  const { temperature, top_p, seed, logprobs, user, presence_penalty, frequency_penalty } = settings;
  const maxTokens = settings.max_tokens ?? maxTokensThatFit(model, prompt);
  const isFilled = model.spec?.fim !== undefined;
  const body = {
    model: model.upstreamName,
    ...(prompt === undefined ? { messages: 'messages' in settings ? settings.messages : [] } : { prompt }),
    ...(settings.suffix === undefined || isFilled ? {} : { suffix: settings.suffix }),
    ...(maxTokens === undefined ? {} : { max_tokens: maxTokens }),
    // servers have defaults of their own for these two
    ...{ temperature, top_p },
    ...(stops.upstream.length === 0 ? {} : { stop: stops.upstream }),
    ...(seed === undefined ? {} : { seed }),
    ...(presence_penalty === 0 ? {} : { presence_penalty }),
    ...(frequency_penalty === 0 ? {} : { frequency_penalty }),
    ...(logprobs === undefined ? {} : logprobFields(prompt === undefined, logprobs)),
    ...(settings.echo ? { echo: true } : {}),
    ...(user === undefined ? {} : { user }),
    ...(whole ? {} : { stream: true }),
    ...(model.streamUsage && !whole ? { stream_options: { include_usage: true } } : {}),
  };
  return {
    path: prompt === undefined ? 'chat/completions' : 'completions',
    body: JSON.stringify(body),
    localStops: stops.local,
    prompt,
  };
}

/** Some servers take 0 alternatives for none at all, so one is asked for and left out again. */
function logprobFields(isChat: boolean, count: number): Record<string, unknown> {
  const asked = Math.max(1, count);
  return isChat ? { logprobs: true, top_logprobs: asked } : { logprobs: asked };
}

function promptOf({ spec }: TextModel, settings: TextSettings): Prompt | undefined {
  if ('messages' in settings && settings.messages !== undefined) {
    return spec?.chat_template === undefined ? undefined : chatPrompt(spec.chat_template, settings.messages);
  }
  const { prompt } = settings as { prompt: Prompt };
  if (settings.suffix === undefined || !spec?.fim) return prompt;
  if (typeof prompt !== 'string') throw refused('suffix', 'goes with a prompt that is text, not token ids');
  if (settings.echo) throw refused('echo', 'is not possible together with suffix');
  return fimPrompt(spec.fim.template, prompt, settings.suffix);
}

function stopsOf(model: TextModel, settings: TextSettings): { upstream: string[]; local: string[] } {
  const { spec, maxStops, tokenizer } = model;
  const fim = settings.suffix === undefined ? [] : (spec?.fim?.stop ?? []);
  const all = [...new Set([...settings.stop, ...(spec?.stop ?? []), ...fim])];
  const local = all.slice(maxStops);
  // what is cut here is counted here
  if (local.length > 0 && !tokenizer) {
    throw refused(
      'stop',
      `has room for ${Math.max(0, maxStops - all.length + settings.stop.length)} sequences`,
    );
  }
  return { upstream: all.slice(0, maxStops), local };
}

const FEATURES: readonly [TextFeature, isWanted: (settings: TextSettings) => boolean][] = [
  ['suffix', ({ suffix }) => suffix !== undefined],
  ['logprobs', ({ logprobs }) => logprobs !== undefined],
  ['echo', ({ echo }) => echo],
  ['seed', ({ seed }) => seed !== undefined],
  ['presence_penalty', ({ presence_penalty: penalty }) => penalty !== 0],
  ['frequency_penalty', ({ frequency_penalty: penalty }) => penalty !== 0],
  ['token_prompts', (settings) => 'prompt' in settings && Array.isArray(settings.prompt)],
  ['chat', (settings) => 'messages' in settings && settings.messages !== undefined],
];

function refuseWhatIsLacking(model: TextModel, settings: TextSettings): void {
  const features = model.info.text?.features ?? [];
  for (const [feature, isWanted] of FEATURES) {
    if (isWanted(settings) && !features.includes(feature))
      throw refused(feature, `is not possible with ${model.info.name}`);
  }
  // most servers would generate all the same
  if (settings.max_tokens === 0 && !settings.echo)
    throw refused('max_tokens', 'is 0, which only goes with echo');
  const limit = model.info.text?.max_tokens ?? 0;
  if ((settings.max_tokens ?? 0) > limit)
    throw refused('max_tokens', `is at most ${limit} for ${model.info.name}`);
}

/**
 * As many tokens as surely fit, since servers have small defaults for prompts. A token is at least a byte, so a
 * short prompt needs no tokenizer; where the count is unknown, the upstream's default holds.
 */
function maxTokensThatFit(model: TextModel, prompt: Prompt | undefined): number | undefined {
  const { contextTokens, tokenizer, info } = model;
  if (prompt === undefined || contextTokens === undefined) return undefined;
  const limit = info.text?.max_tokens ?? contextTokens;
  const room = contextTokens - SPARE_TOKENS;
  const atMost = typeof prompt === 'string' ? Buffer.byteLength(prompt) : prompt.length;
  if (room - atMost >= limit || !tokenizer || typeof prompt !== 'string')
    return positive(Math.min(limit, room - atMost));
  return positive(Math.min(limit, room - tokenizer.encode(prompt).length));
}

function positive(count: number): number | undefined {
  return count > 0 ? count : undefined;
}

function refused(field: string, why: string): GenfleetError {
  return new GenfleetError('invalid_settings', `${field} ${why}`);
}
