import {
  jobHistorySchema,
  jobListSchema,
  ledgerAnswerSchema,
  namedQueryListSchema,
  problemSchema,
} from '@genfleet/client/contract';
import { z } from 'zod';
import type { ZodOpenApiPathsObject } from 'zod-openapi';
import { jobsQuerySchema } from './routes/jobs.ts';
import { ledgerQuerySchema, namedQuerySchema } from './routes/ledger-query.ts';

const json = (schema: z.ZodType, description: string) => ({
  description,
  content: { 'application/json': { schema } },
});
const refusal = (description: string) => ({
  description,
  content: { 'application/problem+json': { schema: problemSchema } },
});
const ROWS = {
  description: 'The rows, in the order of the columns',
  content: { 'application/json': { schema: ledgerAnswerSchema }, 'text/csv': { schema: z.string() } },
};
const NOT_AN_OPERATOR = refusal('Not for this caller: `OPERATORS` does not name them');
const AWAY = refusal('The ledger can not be read now; see `Retry-After`');
const LATE = refusal('It took longer than it may');

/** What operators ask, in the OpenAPI document. */
export const LEDGER_PATHS: ZodOpenApiPathsObject = {
  '/jobs': {
    get: {
      operationId: 'listJobs',
      summary: 'Jobs of every kind, newest first',
      description: 'Of all tenants for operators, of the own one for others.',
      requestParams: { query: jobsQuerySchema },
      responses: {
        '200': json(jobListSchema, 'A page'),
        '403': NOT_AN_OPERATOR,
        '422': refusal('Every fault of the request, by its path'),
        '503': AWAY,
      },
    },
  },
  '/jobs/{id}/history': {
    get: {
      operationId: 'jobHistory',
      summary: 'Every event of a job, from the ledger',
      requestParams: { path: z.object({ id: z.uuid().meta({ description: 'Id of the job' }) }) },
      responses: {
        '200': json(jobHistorySchema, 'The job'),
        '404': refusal('Job not found, or there is no ledger to ask'),
        '503': AWAY,
      },
    },
  },
  '/ledger/query': {
    post: {
      operationId: 'queryLedger',
      summary: 'SQL over the ledger, for operators',
      description: 'Read-only. CSV for who accepts `text/csv`.',
      requestBody: { required: true, content: { 'application/json': { schema: ledgerQuerySchema } } },
      responses: {
        '200': ROWS,
        '403': NOT_AN_OPERATOR,
        '404': refusal('Queries are turned off'),
        '422': refusal('A mistake in the request or in the SQL, with its `line` and `column`'),
        '503': AWAY,
        '504': LATE,
      },
    },
  },
  '/ledger/queries': {
    get: {
      operationId: 'listNamedQueries',
      summary: 'The questions to the ledger that have a name, for operators',
      responses: { '200': json(namedQueryListSchema, 'The questions'), '403': NOT_AN_OPERATOR },
    },
  },
  '/ledger/queries/{name}': {
    get: {
      operationId: 'askNamedQuery',
      summary: 'Asks one of them',
      description: 'CSV for who accepts `text/csv`.',
      requestParams: { path: z.object({ name: z.string() }), query: namedQuerySchema },
      responses: {
        '200': ROWS,
        '403': NOT_AN_OPERATOR,
        '404': refusal('No query has this name, or queries are turned off'),
        '422': refusal('Every fault of the request, by its path'),
        '503': AWAY,
        '504': LATE,
      },
    },
  },
};
