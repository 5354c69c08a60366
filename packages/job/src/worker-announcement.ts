import { z } from 'zod';
import { KINDS, type Topic } from './topic.ts';

/** Where workers say what they can run; the API learns from it which models there are. Kept for a day. */
export const ANNOUNCEMENT_TOPIC: Topic = { name: 'announced_workers', persistent: true };

/** What a text model may be asked for beside a prompt; what is missing here is refused by name. */
export const TEXT_FEATURES = [
  'suffix',
  'logprobs',
  'echo',
  'seed',
  'presence_penalty',
  'frequency_penalty',
  'token_prompts',
  'chat',
] as const;
export type TextFeature = (typeof TEXT_FEATURES)[number];

const textModelSchema = z.object({
  /** Prompt and completion together, in tokens. */
  context_tokens: z.int().min(1),
  /** Longest completion, in tokens. */
  max_tokens: z.int().min(1),
  features: z.array(z.enum(TEXT_FEATURES)),
});

export const modelInfoSchema = z.object({
  name: z.string(),
  kind: z.enum(KINDS),
  aliases: z.array(z.string()).default([]),
  samplers: z.array(z.string()).default([]),
  /** Said plainly wherever the model is shown. */
  demo: z.boolean().default(false),
  /** Of a model that writes text. */
  text: textModelSchema.optional(),
});

export const workerAnnouncementSchema = z.object({
  type: z.literal('announced'),
  worker: z.string(),
  engine: z.string(),
  models: z.array(modelInfoSchema),
  time: z.iso.datetime(),
  /** True for the last message of a worker that shuts down. */
  leaving: z.boolean().default(false),
});

/** A model as an engine reports it. */
export type ModelInfo = z.output<typeof modelInfoSchema>;
export type WorkerAnnouncement = z.output<typeof workerAnnouncementSchema>;
