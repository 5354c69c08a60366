import { z } from 'zod';

/** Bounds that hold for every text model; a model's own are in its configuration. Text in UTF-16 units. */
export const COMPLETION_LIMITS = {
  promptChars: 120_000,
  promptTokens: 32_768,
  prompts: 16,
  choices: 16,
  stops: 4,
  stopChars: 256,
  maxTokens: 32_768,
  topLogprobs: 20,
  messages: 256,
  userChars: 256,
} as const;

const text = z.string().max(COMPLETION_LIMITS.promptChars);
const tokenIds = z
  .array(
    z
      .int()
      .min(0)
      .max(2 ** 31 - 1),
  )
  .min(1)
  .max(COMPLETION_LIMITS.promptTokens);

/** A prompt as text, or as ids of the model's own tokenizer. */
export const promptSchema = z.union([text, tokenIds]);

export const chatMessageSchema = z.strictObject({
  role: z.enum(['system', 'developer', 'user', 'assistant']),
  content: text,
});

/** What the choices of a completion have in common. Probabilities are natural logarithms. */
export const completionSettingsSchema = z.strictObject({
  model: z.string().min(1).max(256),
  /** One completion for each, `n` times; absent for a chat. */
  prompts: z.array(promptSchema).min(1).max(COMPLETION_LIMITS.prompts).optional(),
  /** A conversation that the model's chat template turns into a prompt. */
  messages: z.array(chatMessageSchema).min(1).max(COMPLETION_LIMITS.messages).optional(),
  /** What comes after the gap: fill in the middle. */
  suffix: text.optional(),
  /** As many as fit when absent. */
  max_tokens: z.int().min(0).max(COMPLETION_LIMITS.maxTokens).optional(),
  temperature: z.number().min(0).max(2),
  top_p: z.number().min(0).max(1),
  n: z.int().min(1).max(COMPLETION_LIMITS.choices),
  stop: z.array(z.string().min(1).max(COMPLETION_LIMITS.stopChars)).max(COMPLETION_LIMITS.stops),
  /** How many alternatives are reported for each token; absent for none, not even the token's own. */
  logprobs: z.int().min(0).max(COMPLETION_LIMITS.topLogprobs).optional(),
  echo: z.boolean(),
  seed: z.int().optional(),
  presence_penalty: z.number().min(-2).max(2),
  frequency_penalty: z.number().min(-2).max(2),
  user: z.string().max(COMPLETION_LIMITS.userChars).optional(),
});
export type CompletionSettings = z.output<typeof completionSettingsSchema>;
export type Prompt = z.output<typeof promptSchema>;
export type ChatMessage = z.output<typeof chatMessageSchema>;

/** Number of texts that the settings ask for: one for each prompt (or the chat), `n` times. */
export function choiceCount(settings: Pick<CompletionSettings, 'prompts' | 'n'>): number {
  return (settings.prompts?.length ?? 1) * settings.n;
}

/** The same settings without anything that a person wrote: what may be kept of a job whose text may not. */
export function withoutText(settings: CompletionSettings): CompletionSettings {
  const { prompts: _prompts, messages: _messages, suffix: _suffix, user: _user, ...rest } = settings;
  return { ...rest, stop: [] };
}

/** Whether anything is in them that `withoutText` takes out. */
export function holdsText({ prompts, messages, suffix, user, stop }: CompletionSettings): boolean {
  return stop.length > 0 || [prompts, messages, suffix, user].some((part) => part !== undefined);
}

const logprob = z.number().nullable();

/** A token with the natural logarithm of its probability; null for the first of an echoed prompt. */
export const tokenLogprobSchema = z.object({
  text: z.string(),
  logprob,
  top: z.array(z.object({ text: z.string(), logprob: z.number() })),
});
export type TokenLogprob = z.output<typeof tokenLogprobSchema>;

export const FINISH_REASONS = ['stop', 'length'] as const;
export type FinishReason = (typeof FINISH_REASONS)[number];

/** A piece of one choice; the last piece of a choice says why it ended. */
export const choiceDeltaSchema = z.object({
  index: z.int().min(0),
  text: z.string(),
  tokens: z.array(tokenLogprobSchema).optional(),
  finish_reason: z.enum(FINISH_REASONS).optional(),
});
export type ChoiceDelta = z.output<typeof choiceDeltaSchema>;

/** One piece per choice, in order of first appearance. */
export function mergeDeltas(deltas: readonly ChoiceDelta[]): ChoiceDelta[] {
  const byIndex = new Map<number, ChoiceDelta[]>();
  for (const delta of deltas) {
    const pieces = byIndex.get(delta.index);
    if (pieces) pieces.push(delta);
    else byIndex.set(delta.index, [delta]);
  }
  return [...byIndex].map(([index, pieces]) => {
    const [only] = pieces;
    if (only && pieces.length === 1) return only;
    const tokens = pieces.flatMap((piece) => piece.tokens ?? []);
    const reason = pieces.find((piece) => piece.finish_reason !== undefined)?.finish_reason;
    return {
      index,
      text: pieces.map(({ text }) => text).join(''),
      ...(pieces.some((piece) => piece.tokens !== undefined) ? { tokens } : {}),
      ...(reason === undefined ? {} : { finish_reason: reason }),
    };
  });
}

/** Counted by the model's own tokenizer; a prompt counts once, however many choices it has. */
export const usageSchema = z.object({
  prompt_tokens: z.int().min(0),
  completion_tokens: z.int().min(0),
});
export type Usage = z.output<typeof usageSchema>;

/** A finished text as it is stored, when the request says so. */
export const storedCompletionSchema = z.object({
  model: z.string(),
  choices: z.array(choiceDeltaSchema),
  usage: usageSchema,
});
export type StoredCompletion = z.output<typeof storedCompletionSchema>;
