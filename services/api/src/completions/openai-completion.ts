import {
  COMPLETION_LIMITS,
  type CompletionRequest,
  type CompletionSettings,
  completionSettingsSchema,
  imageRequestSchema,
  promptSchema,
  shownValue,
} from '@genfleet/job';
import { z } from 'zod';

const settings = completionSettingsSchema.shape;
const text = z.string().max(COMPLETION_LIMITS.promptChars);
/** Clients send `null` for what they leave to the model. */
const flag = z.boolean().nullish();

const stop = z
  .union([settings.stop.element, settings.stop], {
    error: ({ input }) =>
      `${shownValue(input)} is neither text nor at most ${COMPLETION_LIMITS.stops} texts, none of them empty`,
  })
  .nullish();

/** What both kinds of request share: OpenAI's fields, and behind them those that a durable job has beside. */
const shared = {
  model: settings.model,
  temperature: settings.temperature.nullish(),
  top_p: settings.top_p.nullish(),
  n: settings.n.nullish(),
  stop,
  seed: z.int().nullish(),
  presence_penalty: settings.presence_penalty.nullish(),
  frequency_penalty: settings.frequency_penalty.nullish(),
  user: z.string().max(COMPLETION_LIMITS.userChars).nullish(),
  stream: flag,
  stream_options: z.strictObject({ include_usage: flag, include_obfuscation: flag }).nullish(),
  logit_bias: z
    .record(z.string(), z.number())
    .refine((bias) => Object.keys(bias).length === 0, { error: 'is not supported' })
    .nullish(),
  store: flag.meta({ description: 'Keep prompt and text after the job; on for background jobs' }),
  background: flag.meta({ description: 'Answer 202 at once; the text is fetched later' }),
  metadata: imageRequestSchema.shape.metadata.nullish(),
  priority: imageRequestSchema.shape.priority,
  deadline_seconds: imageRequestSchema.shape.deadline_seconds,
  webhook_url: imageRequestSchema.shape.webhook_url,
};

const maxTokens = z.int().min(0).max(COMPLETION_LIMITS.maxTokens).nullish();
const prompts = z.union([promptSchema, settings.prompts.unwrap()], {
  error: ({ input }) =>
    input === undefined
      ? 'required'
      : `${shownValue(input)} is neither text, nor token ids, nor at most ${COMPLETION_LIMITS.prompts} of either`,
});

/** Body of `POST /v1/completions`. */
export const completionSchema = z
  .strictObject({
    ...shared,
    prompt: prompts,
    max_tokens: maxTokens,
    suffix: text.nullish().meta({ description: 'What follows the gap: fill in the middle' }),
    logprobs: z.int().min(0).max(5).nullish(),
    echo: flag,
    best_of: z.int().min(1).nullish(),
  })
  .refine(({ best_of: bestOf, n }) => (bestOf ?? 1) === 1 || bestOf === n, {
    path: ['best_of'],
    error: 'is not supported beyond n',
  })
  .meta({ id: 'CompletionRequest' });

const contentPart = z.strictObject({ type: z.literal('text'), text });
const message = z.strictObject({
  role: z.enum(['system', 'developer', 'user', 'assistant']),
  content: z.union([text, z.array(contentPart).min(1)], {
    error: ({ input }) =>
      input === undefined ? 'required' : `${shownValue(input)} is neither text nor parts of type text`,
  }),
  name: z.string().optional(),
});

/** Body of `POST /v1/chat/completions`. */
export const chatSchema = z
  .strictObject({
    ...shared,
    messages: z.array(message).min(1).max(COMPLETION_LIMITS.messages),
    max_tokens: maxTokens,
    max_completion_tokens: maxTokens,
    logprobs: flag,
    top_logprobs: z.int().min(0).max(COMPLETION_LIMITS.topLogprobs).nullish(),
    response_format: z.strictObject({ type: z.literal('text') }).nullish(),
  })
  .meta({ id: 'ChatCompletionRequest' });

type Shared = Omit<z.output<typeof completionSchema>, 'prompt' | 'logprobs' | 'suffix' | 'echo' | 'best_of'>;

/** How the answer is to be given. */
export interface AnswerForm {
  readonly chat: boolean;
  readonly stream: boolean;
  readonly includeUsage: boolean;
}

export interface Asked {
  readonly request: Omit<CompletionRequest, 'session_sha256'>;
  readonly form: AnswerForm;
}

/** OpenAI's default of the completions endpoint; chats run until they end. */
const DEFAULT_MAX_TOKENS = 16;

/** The job that a checked body asks for. */
export function askedCompletion(body: z.output<typeof completionSchema>): Asked {
  const { prompt, suffix, echo } = body;
  return asked(body, false, {
    ...sharedSettings(body),
    prompts: promptsOf(prompt),
    // plugins send an empty one when the cursor stands at the end
    ...(suffix ? { suffix } : {}),
    max_tokens: body.max_tokens ?? DEFAULT_MAX_TOKENS,
    ...(body.logprobs == null ? {} : { logprobs: body.logprobs }),
    echo: echo ?? false,
  });
}

export function askedChat(body: z.output<typeof chatSchema>): Asked {
  const maxTokens = body.max_completion_tokens ?? body.max_tokens;
  return asked(body, true, {
    ...sharedSettings(body),
    messages: body.messages.map(({ role, content }) => ({
      role,
      content: typeof content === 'string' ? content : content.map((part) => part.text).join(''),
    })),
    ...(maxTokens == null ? {} : { max_tokens: maxTokens }),
    ...(body.logprobs ? { logprobs: body.top_logprobs ?? 0 } : {}),
    echo: false,
  });
}

function asked(body: Shared, chat: boolean, wanted: CompletionSettings): Asked {
  const isBackground = body.background ?? false;
  return {
    request: {
      settings: wanted,
      metadata: body.metadata ?? {},
      interactive: !isBackground,
      // whoever follows a background job sees its text grow
      stream: isBackground || (body.stream ?? false),
      store: body.store ?? isBackground,
      ...(body.priority === undefined ? {} : { priority: body.priority }),
      ...(body.deadline_seconds === undefined ? {} : { deadline_seconds: body.deadline_seconds }),
      ...(body.webhook_url === undefined ? {} : { webhook_url: body.webhook_url }),
    },
    form: {
      chat,
      stream: body.stream ?? false,
      includeUsage: body.stream_options?.include_usage ?? false,
    },
  };
}

function sharedSettings(body: Shared) {
  return {
    model: body.model,
    temperature: body.temperature ?? 1,
    top_p: body.top_p ?? 1,
    n: body.n ?? 1,
    stop: body.stop == null ? [] : typeof body.stop === 'string' ? [body.stop] : body.stop,
    ...(body.seed == null ? {} : { seed: body.seed }),
    presence_penalty: body.presence_penalty ?? 0,
    frequency_penalty: body.frequency_penalty ?? 0,
    ...(body.user == null ? {} : { user: body.user }),
  };
}

type Prompts = NonNullable<CompletionSettings['prompts']>;

/** One prompt or several: an array of numbers is one. */
function promptsOf(prompt: z.output<typeof prompts>): Prompts {
  if (typeof prompt === 'string') return [prompt];
  return prompt.every((part) => typeof part === 'number') ? [prompt] : (prompt as Prompts);
}
