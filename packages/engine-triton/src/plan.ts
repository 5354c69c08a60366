import type { TextSettings } from '@genfleet/engine';
import { GenfleetError, type TextFeature } from '@genfleet/job';
import { chatPrompt, fimPrompt, type ModelSpec, type Tokenizer } from '@genfleet/models';

/** What is to be generated, checked, with everything that the settings leave open filled in. */
export interface Plan {
  /** As text; of token ids, their text. */
  readonly prompt: string;
  readonly promptIds: readonly number[];
  /** What `echo` gives out first; empty without it. */
  readonly echo: string;
  readonly maxTokens: number;
  /** Always the likeliest token. */
  readonly greedy: boolean;
  readonly temperature: number;
  readonly topP: number;
  readonly seed: number | undefined;
  readonly presencePenalty: number;
  readonly frequencyPenalty: number;
  readonly stops: readonly string[];
}

/** Of a long text so much is counted first: if that alone does not fit, the rest needs no counting. */
const PROBE_CHARS = 16_384;

/**
 * @throws GenfleetError `invalid_settings` naming what the model can't do, `context_length_exceeded` naming prompt
 * tokens, `max_tokens` and limit, `prompt_rejected` by the chat template.
 */
export function planOf(
  settings: TextSettings,
  spec: ModelSpec,
  features: readonly TextFeature[],
  tokenizer: Tokenizer,
): Plan {
  refuseWhatIsMissing(settings, spec, features);
  const stops = [...settings.stop, ...spec.stop];
  if (settings.suffix !== undefined) stops.push(...(spec.fim?.stop ?? []));
  const { prompt, promptIds } = promptOf(settings, spec, tokenizer);
  const greedy = settings.temperature === 0 || settings.top_p === 0;
  return {
    prompt,
    promptIds,
    echo: settings.echo ? asText(settings, tokenizer) : '',
    maxTokens: maxTokensOf(settings, spec, promptIds.length),
    greedy,
    temperature: greedy ? 0 : settings.temperature,
    topP: greedy ? 1 : settings.top_p,
    seed: settings.seed,
    presencePenalty: settings.presence_penalty,
    frequencyPenalty: settings.frequency_penalty,
    stops,
  };
}

function refuseWhatIsMissing(
  settings: TextSettings,
  { name }: ModelSpec,
  features: readonly TextFeature[],
): void {
  const isChat = 'messages' in settings && settings.messages !== undefined;
  const asked: Readonly<Record<TextFeature, boolean>> = {
    suffix: settings.suffix !== undefined,
    logprobs: settings.logprobs !== undefined,
    echo: settings.echo,
    seed: settings.seed !== undefined,
    presence_penalty: settings.presence_penalty !== 0,
    frequency_penalty: settings.frequency_penalty !== 0,
    token_prompts: 'prompt' in settings && Array.isArray(settings.prompt),
    chat: isChat,
  };
  const missing = (Object.keys(asked) as TextFeature[]).filter(
    (feature) => asked[feature] && !features.includes(feature),
  );
  if (missing.length > 0) throw refusal(`model ${name} can't do: ${missing.join(', ')}`);
  if (isChat && (asked.echo || asked.suffix)) throw refusal('a chat has neither echo nor suffix');
  if (asked.suffix && asked.token_prompts) throw refusal('suffix needs a prompt of text');
}

function promptOf(
  settings: TextSettings,
  spec: ModelSpec,
  tokenizer: Tokenizer,
): Pick<Plan, 'prompt' | 'promptIds'> {
  if ('prompt' in settings && Array.isArray(settings.prompt)) {
    return { prompt: tokenizer.decode(settings.prompt), promptIds: settings.prompt };
  }
  const plain =
    'messages' in settings && settings.messages
      ? chatPrompt(spec.chat_template ?? '', settings.messages)
      : asText(settings, tokenizer);
  const prompt =
    settings.suffix === undefined ? plain : fimPrompt(spec.fim?.template ?? '', plain, settings.suffix);
  if (prompt.length > PROBE_CHARS) {
    const counted = tokenizer.encode(prompt.slice(0, PROBE_CHARS)).length;
    if (counted >= spec.context_tokens) throw tooLong(settings, spec, `more than ${counted}`);
  }
  return { prompt, promptIds: tokenizer.encode(prompt) };
}

function asText(settings: TextSettings, tokenizer: Tokenizer): string {
  if (!('prompt' in settings)) return '';
  return typeof settings.prompt === 'string' ? settings.prompt : tokenizer.decode(settings.prompt);
}

function maxTokensOf(settings: TextSettings, spec: ModelSpec, promptTokens: number): number {
  const longest = spec.max_tokens ?? spec.context_tokens;
  const asked = settings.max_tokens;
  if (asked !== undefined && asked > longest) {
    throw refusal(`max_tokens is ${asked}, and model ${spec.name} writes at most ${longest}`);
  }
  const room = spec.context_tokens - promptTokens;
  // a text without limit needs room for one token
  if (room < (asked ?? 1)) throw tooLong(settings, spec, String(promptTokens));
  return asked ?? Math.min(longest, room);
}

function tooLong(settings: TextSettings, spec: ModelSpec, promptTokens: string): GenfleetError {
  const limit = `model ${spec.name} has a context of ${spec.context_tokens} tokens`;
  const message =
    settings.max_tokens === undefined
      ? `${limit}, and the prompt alone has ${promptTokens}`
      : `${limit}; the prompt has ${promptTokens}, and max_tokens asks for ${settings.max_tokens} more`;
  return new GenfleetError('context_length_exceeded', message);
}

function refusal(message: string): GenfleetError {
  return new GenfleetError('invalid_settings', message);
}
