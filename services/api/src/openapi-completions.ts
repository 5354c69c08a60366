import {
  acceptedSchema,
  chatCompletionChunkSchema,
  chatCompletionSchema,
  completionAcceptedSchema,
  completionSchema as completionAnswerSchema,
  completionChunkSchema,
  completionEventSchemas,
  completionResourceSchema,
  openAiErrorSchema,
  openAiModelListSchema,
  openAiModelSchema,
  receiptHeadersSchema,
} from '@genfleet/client/contract';
import { z } from 'zod';
import type {
  ZodOpenApiOperationObject,
  ZodOpenApiPathsObject,
  ZodOpenApiResponsesObject,
} from 'zod-openapi';
import { chatSchema, completionSchema } from './completions/openai-completion.ts';
import { feedbackSchema } from './routes/completion-jobs.ts';

const json = (schema: z.ZodType, description: string) => ({
  description,
  content: { 'application/json': { schema } },
});
const refusal = (description: string) => json(openAiErrorSchema, description);

const idPath = z.object({ id: z.uuid().meta({ description: 'Id of the job' }) });
const NOT_FOUND = refusal('There is no such completion');
const NOT_AN_ID = refusal('What is no id');

const headers = z.object({
  'X-Session-Id': z
    .string()
    .optional()
    .meta({ description: 'A newer request of the same session supersedes this one: 409 `superseded`' }),
  'Idempotency-Key': z
    .string()
    .optional()
    .meta({ description: 'With `background`: the same key with the same request gives the same job' }),
});

const REFUSALS: ZodOpenApiResponsesObject = {
  '400': refusal(
    'Bad input, `context_length_exceeded`, or what the model can’t honour; `param` names the field',
  ),
  '404': refusal('`model_not_found`'),
  '409': refusal('`superseded`, or cancelled'),
  '413': refusal('Body over the limit'),
  '415': refusal('Not `application/json`'),
  '429': refusal('Too many requests; see `Retry-After`'),
  '502': refusal('`stream_broken`: the text was lost on its way'),
  '503': refusal('The queue is full, or the model or the bus does not answer; see `Retry-After`'),
  '504': refusal('`timeout`: not ready by its deadline'),
};

/** The answer, whole or as a stream, and the refusals; the body is checked with the same schema. */
function writing(
  operationId: string,
  summary: string,
  body: z.ZodType,
  example: Record<string, unknown>,
  [answer, chunk]: readonly [answer: z.ZodType, chunk: z.ZodType],
): ZodOpenApiOperationObject {
  return {
    operationId,
    summary,
    description:
      'With `stream: true` the text comes as server-sent events while it is written, ended by `[DONE]`, or by an ' +
      'error object when it breaks off. Hanging up cancels the job. With `background: true` the job goes on by itself.',
    requestParams: { header: headers },
    requestBody: { required: true, content: { 'application/json': { schema: body, example } } },
    responses: {
      '200': {
        description: 'The text',
        headers: z.object({ 'genfleet-job-id': z.uuid().meta({ description: 'The `id` of the answer' }) }),
        content: {
          'application/json': { schema: answer },
          'text/event-stream': { schema: z.union([chunk, openAiErrorSchema]) },
        },
      },
      '202': {
        ...json(completionAcceptedSchema, 'In line, with `background: true`'),
        headers: receiptHeadersSchema,
      },
      ...REFUSALS,
    },
  };
}

const MODEL = 'genfleet-demo-code';
const EXAMPLE = { model: MODEL, prompt: 'def add(a, b):', max_tokens: 32, temperature: 0.2, stop: ['\n\n'] };
const CHAT_EXAMPLE = {
  model: 'a-chat-model',
  messages: [{ role: 'user', content: 'Write a haiku about queues.' }],
};

const textAnswers = [completionAnswerSchema, completionChunkSchema] as const;
// the model stands in the path, and its clients name none
const { model: _model, ...engineFields } = completionSchema.shape;
const engineOperation = writing(
  'createEngineCompletion',
  'The same, as plugins of the Copilot family call it',
  z.strictObject(engineFields).meta({ id: 'EngineCompletionRequest' }),
  { prompt: EXAMPLE.prompt, max_tokens: EXAMPLE.max_tokens },
  textAnswers,
);

/** What the document says of `/v1/completions` and its kin. */
export const COMPLETION_PATHS: ZodOpenApiPathsObject = {
  '/v1/completions': {
    post: writing('createCompletion', 'Write text or code', completionSchema, EXAMPLE, textAnswers),
  },
  '/v1/engines/{engine}/completions': {
    post: {
      ...engineOperation,
      requestParams: {
        header: headers,
        path: z.object({ engine: z.string().meta({ description: 'The model', example: MODEL }) }),
      },
    },
  },
  '/v1/chat/completions': {
    post: writing('createChatCompletion', 'Answer in a conversation', chatSchema, CHAT_EXAMPLE, [
      chatCompletionSchema,
      chatCompletionChunkSchema,
    ]),
  },
  '/v1/completions/{id}': {
    get: {
      operationId: 'getCompletion',
      summary: 'A completion as a job, with its text if that was stored',
      requestParams: { path: idPath },
      responses: { '200': json(completionResourceSchema, 'The job'), '400': NOT_AN_ID, '404': NOT_FOUND },
    },
    delete: {
      operationId: 'cancelCompletion',
      summary: 'Cancel a completion',
      requestParams: { path: idPath },
      responses: {
        '200': json(completionResourceSchema, 'Cancelled'),
        '202': json(acceptedSchema, 'The cancellation is durable, its effect not seen yet'),
        '400': NOT_AN_ID,
        '404': NOT_FOUND,
        '409': refusal('The job has ended'),
      },
    },
  },
  '/v1/completions/{id}/events': {
    get: {
      operationId: 'streamCompletionEvents',
      summary: 'Follow a completion to its end (server-sent events)',
      description:
        'As for images, with `text` in place of `progress`. Text is told once: who comes later takes the whole of it ' +
        'from the last event, if it was stored.',
      requestParams: { path: idPath, header: z.object({ 'Last-Event-ID': z.string().optional() }) },
      responses: {
        '200': {
          description: 'The events; `data` is one of these by the event name',
          content: { 'text/event-stream': { schema: z.union(Object.values(completionEventSchemas)) } },
        },
        '204': { description: 'Nothing after the given event: the job has ended' },
        '404': NOT_FOUND,
      },
    },
  },
  '/v1/completions/{id}/feedback': {
    post: {
      operationId: 'giveFeedback',
      summary: 'Whether the suggestion was taken; counted once',
      requestParams: { path: idPath },
      requestBody: {
        required: true,
        content: { 'application/json': { schema: feedbackSchema, example: { accepted: true } } },
      },
      responses: { '204': { description: 'Counted' }, '400': refusal('Bad input'), '404': NOT_FOUND },
    },
  },
  '/v1/models': {
    get: {
      operationId: 'openAiListModels',
      summary: 'Models and aliases, for OpenAI clients',
      responses: { '200': json(openAiModelListSchema, 'Models') },
    },
  },
  '/v1/models/{model}': {
    get: {
      operationId: 'openAiGetModel',
      summary: 'One of them',
      requestParams: { path: z.object({ model: z.string() }) },
      responses: { '200': json(openAiModelSchema, 'The model'), '404': refusal('`model_not_found`') },
    },
  },
};
