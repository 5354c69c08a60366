import {
  acceptedSchema,
  eventSchemas,
  imageListSchema,
  imageSchema,
  modelListSchema,
  problemSchema,
  receiptHeadersSchema,
  redrivenAllSchema,
  redrivenSchema,
} from '@genfleet/client/contract';
import { imageRequestSchema } from '@genfleet/job';
import { z } from 'zod';
import {
  createDocument,
  type ZodOpenApiObject,
  type ZodOpenApiOperationObject,
  type ZodOpenApiPathsObject,
} from 'zod-openapi';
import { deadLetterQuerySchema, listQuerySchema } from './http/query.ts';
import { openAiImageSchema } from './jobs/openai-request.ts';
import { inChapters, TAGS } from './openapi-chapters.ts';
import { COMPLETION_PATHS } from './openapi-completions.ts';
import { LEDGER_PATHS } from './openapi-ledger.ts';

const json = (schema: z.ZodType, description: string) => ({
  description,
  content: { 'application/json': { schema } },
});
/** An answer that stands for a message in the ledger. */
const receipted = (schema: z.ZodType, description: string) => ({
  ...json(schema, description),
  headers: receiptHeadersSchema,
});
const refusal = (description: string) => ({
  description,
  content: { 'application/problem+json': { schema: problemSchema } },
});
const BAD_INPUT = refusal('Every fault of the request, by its path');
const NOT_FOUND = refusal('Image not found');
const NOT_NOW = refusal('The queue is full or the bus does not answer; see `Retry-After`');

const idPath = z.object({ id: z.uuid().meta({ description: 'Id of the job' }) });

const EXAMPLE = {
  generation_settings: {
    prompt: 'a red circle above a blue square',
    seed: 42,
    sampler_name: 'euler',
    steps: 20,
    cfg_scale: 7,
    width: 512,
    height: 512,
    model: 'genfleet-demo',
  },
  metadata: { grouping: 'first/tries' },
};

const createOperation: ZodOpenApiOperationObject = {
  operationId: 'createImage',
  summary: 'Put an image job in line',
  description: 'Answered once the job is durable.',
  requestParams: {
    header: z.object({
      'Idempotency-Key': z.string().optional().meta({
        description: 'The same key with the same request gives the same job',
      }),
      Prefer: z
        .string()
        .optional()
        .meta({ description: 'Wait for the end of the job, at most 60 s', examples: ['wait=30'] }),
    }),
  },
  requestBody: {
    required: true,
    content: { 'application/json': { schema: imageRequestSchema, example: EXAMPLE } },
  },
  responses: {
    '200': receipted(imageSchema, 'The job ended within `Prefer: wait`'),
    '202': receipted(acceptedSchema, 'In line'),
    '400': refusal('Malformed JSON'),
    '413': refusal('Body over the limit'),
    '415': refusal('Not `application/json`'),
    '422': BAD_INPUT,
    '503': NOT_NOW,
  },
};

const streamOperation: ZodOpenApiOperationObject = {
  operationId: 'streamEvents',
  summary: 'Follow a job to its end (server-sent events)',
  description:
    'Events: `queued`, `started`, `progress`, `retrying`, and one of `completed`, `dead`, `cancelled`, which ends ' +
    'the stream. Durable events carry ids: send the last one as `Last-Event-ID` to resume.',
  requestParams: { path: idPath, header: z.object({ 'Last-Event-ID': z.string().optional() }) },
  responses: {
    '200': {
      description: 'The events; `data` is one of these by the event name',
      content: { 'text/event-stream': { schema: z.union(Object.values(eventSchemas)) } },
    },
    '204': { description: 'Nothing after the given event: the job has ended' },
    '404': NOT_FOUND,
  },
};

const PATHS: ZodOpenApiPathsObject = {
  '/images/': {
    post: createOperation,
    get: {
      operationId: 'listImages',
      summary: 'Jobs, newest first',
      requestParams: { query: listQuerySchema },
      responses: {
        '200': json(
          imageListSchema,
          'How many the view holds is in `X-Total-Count`, neighbouring pages in `Link` and `X-Next-Cursor`',
        ),
        '422': BAD_INPUT,
      },
    },
  },
  '/images/{id}/': {
    get: {
      operationId: 'getImage',
      summary: 'A job and its images',
      requestParams: { path: idPath },
      responses: { '200': json(imageSchema, 'The job'), '404': NOT_FOUND, '422': BAD_INPUT },
    },
    delete: {
      operationId: 'cancelImage',
      summary: 'Cancel a job',
      requestParams: { path: idPath },
      responses: {
        '200': receipted(imageSchema, 'Cancelled'),
        '202': receipted(acceptedSchema, 'The cancellation is durable, its effect not seen yet'),
        '404': NOT_FOUND,
        '409': refusal('The job has ended'),
      },
    },
  },
  '/images/{id}/events': { get: streamOperation },
  '/dead-letters': {
    get: {
      operationId: 'listDeadLetters',
      summary: 'Jobs that used up their attempts, newest first',
      requestParams: { query: deadLetterQuerySchema },
      responses: { '200': json(imageListSchema, 'Dead letters'), '422': BAD_INPUT },
    },
  },
  '/dead-letters/{id}/redrive': {
    post: {
      operationId: 'redrive',
      summary: 'Put a dead letter back in line',
      requestParams: { path: idPath },
      responses: {
        '202': receipted(redrivenSchema, 'In line again'),
        '404': NOT_FOUND,
        '409': refusal('Not a dead letter'),
      },
    },
  },
  '/dead-letters/redrive': {
    post: {
      operationId: 'redriveAll',
      summary: 'Put all dead letters back in line, at most 1,000 in one call',
      responses: { '202': json(redrivenAllSchema, 'How many'), '503': NOT_NOW },
    },
  },
  '/models': {
    get: {
      operationId: 'listModels',
      summary: 'Models that workers announced',
      responses: { '200': json(modelListSchema, 'Models') },
    },
  },
  '/v1/images/generations': {
    post: {
      operationId: 'openAiGenerateImages',
      summary: 'For OpenAI clients: waits for the images',
      requestBody: { required: true, content: { 'application/json': { schema: openAiImageSchema } } },
      responses: {
        '200': { description: 'OpenAI’s images response' },
        '400': { description: 'OpenAI’s error object' },
      },
    },
  },
  ...COMPLETION_PATHS,
  ...LEDGER_PATHS,
  '/health/': {
    get: {
      operationId: 'health',
      summary: 'Whether the service answers',
      responses: { '200': json(z.object({ status: z.literal('ok') }), 'It does') },
    },
  },
};

/** How a GitLab token is shown, where one is asked for. */
const GITLAB_TOKEN: Pick<ZodOpenApiObject, 'security' | 'components'> = {
  security: [{ bearer: [] }, { privateToken: [] }],
  components: {
    securitySchemes: {
      bearer: { type: 'http', scheme: 'bearer', description: 'A GitLab token' },
      privateToken: { type: 'apiKey', in: 'header', name: 'PRIVATE-TOKEN', description: 'A GitLab token' },
    },
  },
};

/** The OpenAPI 3.1 document, from the same schemas that requests are checked with. */
export function openApiDocument(publicUrl: string | undefined, asksForToken: boolean) {
  return createDocument(
    {
      openapi: '3.1.0',
      info: {
        title: 'Genfleet',
        version: '1',
        description: 'Image and code generation as durable jobs on the GPUs a team owns.',
      },
      ...(publicUrl === undefined ? {} : { servers: [{ url: publicUrl }] }),
      ...(asksForToken ? GITLAB_TOKEN : {}),
      tags: TAGS,
      paths: inChapters(PATHS),
    },
    { allowEmptySchema: { pipe: true, transform: true, unknown: true } },
  );
}
