import { EVENT_TYPES, JOB_STATUSES, KINDS } from '@genfleet/job';
import { z } from 'zod';
import { jobErrorSchema } from './job-error.ts';

/** What the API answers about all jobs and about the ledger itself, as schemas; see `contract.ts`. */

const timestamp = z.iso.datetime();
const job = { id: z.uuid().meta({ description: 'A UUIDv7' }), kind: z.enum(KINDS) };

/** A job as a line of a long list: no prompt, no text, no links. */
export const jobRowSchema = z
  .object({
    ...job,
    status: z.enum(JOB_STATUSES),
    model: z
      .string()
      .nullable()
      .meta({ description: 'What was asked for; null where nothing says so any more' }),
    tenant: z.string(),
    grouping: z.string().nullable().meta({ description: 'The metadata entry `grouping`' }),
    attempt: z.int().min(0).meta({ description: 'Runs so far in this life of the job' }),
    redrive: z.int().min(0).meta({ description: 'Times it was brought back from the dead letters' }),
    request_time: timestamp,
    end_time: timestamp.nullable().meta({ description: 'Null until it is completed, dead or cancelled' }),
    queued_ms: z.number().nullable().meta({ description: 'From the request to the start of the last run' }),
    run_ms: z.number().nullable().meta({ description: 'From the start of the last run to the end' }),
    worker: z.string().nullable().meta({ description: 'Of the last run' }),
    error: jobErrorSchema.nullable().meta({ description: 'Why it is a dead letter' }),
  })
  .meta({ id: 'JobRow' });

/** Answer to `GET /jobs`. */
export const jobListSchema = z
  .object({
    jobs: z.array(jobRowSchema).meta({ description: 'Newest first' }),
    next: z
      .string()
      .nullable()
      .meta({ description: '`cursor` of the page behind this one; null at the end' }),
  })
  .meta({ id: 'JobList' });

export const jobEventSchema = z
  .object({
    type: z.enum(EVENT_TYPES),
    time: timestamp.meta({ description: 'When it was published' }),
    topic: z.string(),
    message_id: z.string(),
    attempt: z.int().min(1).nullable(),
    worker: z.string().nullable(),
    event: z.record(z.string(), z.unknown()).meta({
      description: 'The message; of a completion that was not to be stored, without what was written',
    }),
  })
  .meta({ id: 'JobEvent' });

/** Answer to `GET /jobs/{id}/history`. */
export const jobHistorySchema = z
  .object({
    ...job,
    status: z.enum(JOB_STATUSES),
    events: z.array(jobEventSchema).meta({ description: 'In the order of the ledger' }),
  })
  .meta({ id: 'JobHistory' });

/** Answer to `GET /ledger/queries`. */
export const namedQueryListSchema = z
  .object({
    queries: z.array(
      z.object({
        name: z.string(),
        about: z.string().meta({ description: 'What it answers' }),
        parameters: z.array(z.object({ name: z.string(), about: z.string(), required: z.boolean() })),
      }),
    ),
  })
  .meta({ id: 'NamedQueries' });

/** Answer to a query of the ledger, as JSON. */
export const ledgerAnswerSchema = z
  .object({
    columns: z.array(z.object({ name: z.string(), type: z.string() })),
    rows: z.array(z.array(z.unknown())),
    truncated: z.boolean().meta({ description: 'There were more rows' }),
    elapsed_ms: z.int(),
  })
  .meta({ id: 'LedgerAnswer' });
