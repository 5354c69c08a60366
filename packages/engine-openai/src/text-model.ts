import { GenfleetError, IN_PLAIN_WORDS, type ModelInfo, type TextFeature } from '@genfleet/job';
import { loadTokenizer, type ModelSpec, type Tokenizer } from '@genfleet/models';
import { z } from 'zod';

/** What OpenAI's own API takes; some servers take more and say so. */
const USUAL_STOPS = 4;
/** What every server of this API does for a prompt. Filling in, echoes and chats depend on the model and server. */
const USUAL_FEATURES = [
  'logprobs',
  'seed',
  'presence_penalty',
  'frequency_penalty',
  'token_prompts',
] as const;

/** `options` of a model whose engine is `openai`. */
const optionsSchema = z.strictObject({
  /** What the server calls the model; the model's own name when absent. */
  model: z.string().min(1).optional(),
  /** False for a server that refuses `stream_options`; tokens are then counted by the model's tokenizer. */
  stream_usage: z.boolean().default(true),
  /** Stop sequences that the server takes in one request. */
  max_stops: z.int().min(0).max(64).default(USUAL_STOPS),
});

/** A text model with what the upstream must be told of it. */
export interface TextModel {
  readonly info: ModelInfo;
  /** What the upstream calls it. */
  readonly upstreamName: string;
  /** Undefined where nobody said. */
  readonly contextTokens: number | undefined;
  readonly spec: ModelSpec | undefined;
  readonly tokenizer: Tokenizer | undefined;
  readonly streamUsage: boolean;
  readonly maxStops: number;
}

/**
 * The models of this engine out of the file of models.
 * @throws GenfleetError `invalid_configuration` for options that are none, a tokenizer that can't be read, or a
 * model whose tokens nobody could count.
 */
export async function configuredModels(specs: readonly ModelSpec[]): Promise<readonly TextModel[]> {
  return Promise.all(specs.filter(({ engine }) => engine === 'openai').map(configuredModel));
}

async function configuredModel(spec: ModelSpec): Promise<TextModel> {
  const parsed = optionsSchema.safeParse(spec.options, IN_PLAIN_WORDS);
  if (!parsed.success) {
    const faults = parsed.error.issues.map(({ path, message }) => `options.${path.join('.')}: ${message}`);
    throw invalid(spec, faults.join('; '));
  }
  const { model, stream_usage, max_stops } = parsed.data;
  const ownStops = spec.stop.length + (spec.fim?.stop.length ?? 0);
  if (spec.tokenizer === undefined && !stream_usage) {
    throw invalid(spec, 'without stream_usage its tokens are counted here, which takes a tokenizer');
  }
  if (spec.tokenizer === undefined && ownStops > max_stops) {
    const reason = `it has ${ownStops} stop sequences and its server takes ${max_stops}`;
    throw invalid(spec, `${reason}; a text that is cut here is counted here, which takes a tokenizer`);
  }
  return {
    info: infoOf(spec),
    upstreamName: model ?? spec.name,
    contextTokens: spec.context_tokens,
    spec,
    tokenizer: spec.tokenizer === undefined ? undefined : await loadTokenizer(spec.tokenizer),
    streamUsage: stream_usage,
    maxStops: max_stops,
  };
}

function infoOf(spec: ModelSpec): ModelInfo {
  const features = new Set<TextFeature>([...USUAL_FEATURES, ...spec.features]);
  if (spec.fim) features.add('suffix');
  if (spec.chat_template !== undefined) features.add('chat');
  const text = {
    context_tokens: spec.context_tokens,
    max_tokens: spec.max_tokens ?? spec.context_tokens,
    features: [...features],
  };
  return { name: spec.name, kind: 'completion', aliases: spec.aliases, samplers: [], demo: false, text };
}

/** A model that the upstream itself lists, with what is known of the server that lists it. */
export function listedModel(listed: {
  readonly id: string;
  readonly aliases: readonly string[];
  readonly owner: string;
  readonly contextTokens: number | undefined;
  /** Said of a model where nobody knows better: the upstream refuses what does not fit. */
  readonly assumedTokens: number;
}): TextModel {
  const { id, contextTokens, assumedTokens } = listed;
  const tokens = contextTokens ?? assumedTokens;
  // vLLM echoes and refuses suffixes; llama.cpp's server would take both and do neither
  const features: TextFeature[] = [
    ...USUAL_FEATURES,
    'chat',
    ...(listed.owner === 'vllm' ? ['echo' as const] : []),
  ];
  return {
    info: {
      ...{ name: id, kind: 'completion', samplers: [], demo: false },
      aliases: listed.aliases.filter((alias) => alias !== id),
      text: { context_tokens: tokens, max_tokens: tokens, features },
    },
    upstreamName: id,
    contextTokens,
    spec: undefined,
    tokenizer: undefined,
    streamUsage: true,
    maxStops: USUAL_STOPS,
  };
}

function invalid({ name }: ModelSpec, what: string): GenfleetError {
  return new GenfleetError('invalid_configuration', `model ${name}: ${what}`);
}
