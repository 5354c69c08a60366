import {
  choiceDeltaSchema,
  ERROR_CODES,
  FINISH_REASONS,
  failureSchema,
  JOB_STATUSES,
  metadataSchema,
  modelInfoSchema,
  PRIORITIES,
  receiptSchema,
  timingsSchema,
  txt2imgSettingsSchema,
} from '@genfleet/job';
import { z } from 'zod';
import { jobErrorSchema } from './job-error.ts';

export * from './ledger-contract.ts';

/**
 * What the API answers, as schemas: the API writes its OpenAPI document from them and the client takes its
 * types from them. The client's code itself imports none of this at run time, so a browser bundle stays small.
 */

const id = z.uuid().meta({ description: 'A UUIDv7' });
const timestamp = z.iso.datetime();

/** Answer to `POST /images/`. */
export const acceptedSchema = z.object({ message: z.string(), id }).meta({ id: 'Accepted' });

const receiptObject = receiptSchema.meta({
  id: 'Receipt',
  description: 'Where the message stands in the ledger, with the hash of its bytes',
});

/** Of every answer to a call that wrote to the ledger. */
export const receiptHeadersSchema = z.object({
  'genfleet-receipt': z
    .string()
    .optional()
    .meta({ description: 'A `Receipt` as JSON in one line; missing where an earlier request made the job' }),
});

export const queueSchema = z
  .object({
    position: z.int().min(0).meta({
      description:
        'Jobs that came before this one and wait; workers may choose another order, which the estimates know',
    }),
    estimated_wait_seconds: z.number().nullable().meta({
      description:
        'From the last run times and the workers there are; null before the first run of the model',
    }),
    estimated_wait_range_seconds: z.tuple([z.number(), z.number()]).nullable().meta({
      description:
        'Four of five waits end within it, by how the last forecasts came out; null until enough have',
    }),
  })
  .meta({ id: 'Queue' });

export const stepSchema = z
  .object({ attempt: z.int().min(1), step: z.int().min(0), steps: z.int().min(1) })
  .meta({ id: 'Step' });

/** A job and what became of it. */
export const imageSchema = z
  .object({
    id,
    status: z.enum(JOB_STATUSES),
    metadata: metadataSchema,
    priority: z.enum(PRIORITIES),
    request_time: timestamp,
    complete_time: timestamp.nullable().meta({ description: 'Null until completed' }),
    generation_settings: txt2imgSettingsSchema.required({ seed: true }).meta({ id: 'EchoedSettings' }),
    image_url: z.string().nullable().meta({ description: 'The first image; null until completed' }),
    image_urls: z.array(z.string()).meta({ description: 'All images in order; empty until completed' }),
    model: z.string().nullable().meta({ description: 'The model that ran, by its own name' }),
    attempt: z.int().min(0).meta({ description: 'Runs so far in this life of the job' }),
    redrive: z.int().min(0).meta({ description: 'Times it was brought back from the dead letters' }),
    failures: z.array(failureSchema).meta({ description: 'Earlier attempts, oldest first' }),
    deadline: timestamp.nullable(),
    queue: queueSchema.nullable().meta({ description: 'While it waits' }),
    progress: stepSchema.nullable().meta({ description: 'While it runs, as far as known' }),
    timings: timingsSchema.nullable(),
    error: jobErrorSchema.nullable().meta({ description: 'Why it is a dead letter' }),
    cancelled: z.object({ reason: z.string(), time: timestamp }).nullable(),
  })
  .meta({ id: 'Image' });

export const imageListSchema = z.array(imageSchema).meta({ id: 'ImageList' });

/** Answer to `POST /dead-letters/{id}/redrive`. */
export const redrivenSchema = z
  .object({ message: z.string(), id, redrive: z.int().min(1), receipt: receiptObject })
  .meta({ id: 'Redriven' });

export const redrivenAllSchema = z
  .object({
    redriven: z.int().min(0).meta({ description: 'Jobs put back in line by this call' }),
    remaining: z.int().min(0).meta({ description: 'Dead letters left for another call' }),
    receipts: z.array(receiptObject).meta({ description: 'One for each job that was put back' }),
  })
  .meta({ id: 'RedrivenAll' });

export const modelListSchema = z
  .object({
    models: z.array(modelInfoSchema.extend({ workers: z.int().min(0) })),
  })
  .meta({ id: 'Models' });

/** RFC 9457. Every member but `detail` may be missing: the 404 of an image is the seed's, to the letter. */
export const problemSchema = z
  .object({
    type: z.string().optional(),
    title: z.string().optional(),
    status: z.int().optional(),
    detail: z.string(),
    errors: z
      .array(
        z.object({
          path: z.string(),
          message: z.string(),
          line: z.int().optional(),
          column: z.int().optional(),
        }),
      )
      .optional()
      .meta({ description: 'Every fault of the request, by its path' }),
  })
  .meta({ id: 'Problem' });

/** Data of the events of `GET /images/{id}/events`, by the event's name. */
export const eventSchemas = {
  queued: z.object({ id, attempt: z.int().min(1), time: timestamp, queue: queueSchema.nullable() }),
  started: z.object({ id, attempt: z.int().min(1), time: timestamp, model: z.string() }),
  progress: stepSchema.extend({
    id,
    preview: z.string().optional().meta({ description: 'A small picture as a data URL' }),
  }),
  retrying: z.object({
    id,
    attempt: z.int().min(1).meta({ description: 'The attempt that failed' }),
    time: timestamp,
    code: z.enum(ERROR_CODES),
    message: z.string(),
    not_before: timestamp.nullable().meta({ description: 'When the next attempt may start' }),
  }),
  completed: z.object({ id, image: imageSchema }),
  dead: z.object({ id, image: imageSchema }),
  cancelled: z.object({ id, image: imageSchema }),
} as const;

/** What every route under `/v1` answers when it refuses, and the event that ends a stream which failed. */
export const openAiErrorSchema = z
  .object({
    error: z.object({
      message: z.string(),
      type: z.string(),
      param: z.string().nullable().meta({ description: 'Path of the first fault' }),
      code: z.string().nullable(),
    }),
  })
  .meta({ id: 'OpenAIError' });

const openAiUsageSchema = z
  .object({ prompt_tokens: z.int().min(0), completion_tokens: z.int().min(0), total_tokens: z.int().min(0) })
  .meta({ id: 'Usage', description: 'Counted by the model’s own tokenizer' });

const finishReason = z.enum(FINISH_REASONS).nullable();
const answerHead = {
  id: id.meta({ description: 'Id of the job' }),
  created: z.int().meta({ description: 'Unix time in seconds' }),
  model: z.string().meta({ description: 'The model that ran, by its own name' }),
};

const textChoiceSchema = z
  .object({
    text: z.string(),
    index: z.int().min(0),
    logprobs: z
      .object({
        tokens: z.array(z.string()),
        token_logprobs: z.array(z.number().nullable()),
        top_logprobs: z.array(z.record(z.string(), z.number()).nullable()),
        text_offset: z.array(z.int()),
      })
      .nullable(),
    finish_reason: finishReason,
  })
  .meta({ id: 'CompletionChoice' });

const chatLogprobSchema = z.object({
  token: z.string(),
  logprob: z.number().nullable(),
  bytes: z.array(z.int()),
});
const chatLogprobsSchema = z
  .object({
    content: z.array(chatLogprobSchema.extend({ top_logprobs: z.array(chatLogprobSchema) })),
    refusal: z.null(),
  })
  .nullable();

const chatChoiceSchema = z
  .object({
    index: z.int().min(0),
    message: z.object({ role: z.literal('assistant'), content: z.string(), refusal: z.null() }),
    logprobs: chatLogprobsSchema,
    finish_reason: finishReason,
  })
  .meta({ id: 'ChatChoice' });

const textObject = z.literal('text_completion');
const chatObject = z.literal('chat.completion');

/** Answer to `POST /v1/completions`. */
export const completionSchema = z
  .object({
    ...answerHead,
    object: textObject,
    choices: z.array(textChoiceSchema),
    usage: openAiUsageSchema,
  })
  .meta({ id: 'Completion' });

/** Data of an event of a streamed completion. With `stream_options.include_usage` the last has no choice but the usage. */
export const completionChunkSchema = completionSchema
  .extend({ usage: openAiUsageSchema.nullish() })
  .meta({ id: 'CompletionChunk' });

/** Answer to `POST /v1/chat/completions`. */
export const chatCompletionSchema = z
  .object({
    ...answerHead,
    object: chatObject,
    choices: z.array(chatChoiceSchema),
    usage: openAiUsageSchema,
  })
  .meta({ id: 'ChatCompletion' });

export const chatCompletionChunkSchema = z
  .object({
    ...answerHead,
    object: z.literal('chat.completion.chunk'),
    choices: z.array(
      z.object({
        index: z.int().min(0),
        delta: z.object({ role: z.literal('assistant').optional(), content: z.string().optional() }),
        logprobs: chatLogprobsSchema,
        finish_reason: finishReason,
      }),
    ),
    usage: openAiUsageSchema.nullish(),
  })
  .meta({ id: 'ChatCompletionChunk' });

/** Answer to a request with `background: true`. */
export const completionAcceptedSchema = z
  .object({ id, object: z.union([textObject, chatObject]), status: z.literal('queued') })
  .meta({ id: 'CompletionAccepted' });

const jobOfText = {
  status: z.enum(['queued', 'in_progress', 'completed', 'failed', 'cancelled']),
  usage: openAiUsageSchema.nullable().meta({ description: 'Null until completed' }),
  metadata: metadataSchema,
  queue: queueSchema.nullable().meta({ description: 'While it waits' }),
  failures: z.array(failureSchema).meta({ description: 'Earlier attempts, oldest first' }),
  timings: timingsSchema.nullable(),
  error: jobErrorSchema.nullable().meta({ description: 'Why it failed' }),
  cancelled: z.object({ reason: z.string(), time: timestamp }).nullable(),
};

/** A completion as a job; `choices` is empty while there is no text, and where none was kept. */
export const completionResourceSchema = z
  .discriminatedUnion('object', [
    completionSchema.extend(jobOfText).meta({ id: 'CompletionJob' }),
    chatCompletionSchema.extend(jobOfText).meta({ id: 'ChatCompletionJob' }),
  ])
  .meta({ id: 'CompletionResource' });

const completionEnd = z.object({ id, completion: completionResourceSchema });

/** Data of the events of `GET /v1/completions/{id}/events`, by the event's name. */
export const completionEventSchemas = {
  queued: eventSchemas.queued,
  started: eventSchemas.started,
  text: z
    .object({
      id,
      attempt: z.int().min(1),
      seq: z
        .int()
        .min(0)
        .meta({ description: 'From 0 without a gap: who misses one takes the whole text at the end' }),
      choices: z.array(choiceDeltaSchema),
    })
    .meta({ id: 'TextEvent' }),
  retrying: eventSchemas.retrying,
  completed: completionEnd,
  dead: completionEnd,
  cancelled: completionEnd,
} as const;

/** A model or an alias as OpenAI's clients list it. */
export const openAiModelSchema = z
  .object({
    id: z.string().meta({ description: 'What requests name as `model`' }),
    object: z.literal('model'),
    created: z.int().meta({ description: 'Unix time in seconds when it was first announced' }),
    owned_by: z.string(),
  })
  .meta({ id: 'OpenAIModel' });

export const openAiModelListSchema = z
  .object({ object: z.literal('list'), data: z.array(openAiModelSchema) })
  .meta({ id: 'OpenAIModelList' });
