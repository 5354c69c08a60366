import { MAX_SQL_CHARS } from '@genfleet/ledger';
import { z } from 'zod';
import type {} from 'zod-openapi';
import { inOrder, time, whole } from '../http/query.ts';

const [ROWS, MAX_ROWS] = [1_000, 100_000];
const [SECONDS, MAX_SECONDS] = [30, 600];

/** Body of `POST /ledger/query`. */
export const ledgerQuerySchema = z
  .strictObject({
    sql: z
      .string()
      .min(1)
      .max(MAX_SQL_CHARS)
      .meta({
        description: "One query in Trino's SQL over the tables of the ledger",
        examples: ['select model, count(*) as jobs from completed_txt2img_generation group by model'],
      }),
    max_rows: z.int().min(1).max(MAX_ROWS).default(ROWS).meta({ description: 'Rows of the answer at most' }),
    timeout_seconds: z.number().positive().max(MAX_SECONDS).default(SECONDS),
  })
  .meta({ id: 'LedgerQuery' });

/** Parameters of `GET /ledger/queries/{name}`; which of them a query takes, `GET /ledger/queries` says. */
export const namedQuerySchema = z
  .strictObject({
    from: time.optional().meta({ description: 'What was published at or after this time; default: all' }),
    to: time.optional().meta({ description: 'What happened before this time; default: all' }),
    job: z.string().optional().meta({ description: 'Id of the job that is asked about' }),
    max_rows: whole(1, MAX_ROWS).default(ROWS),
    timeout_seconds: whole(1, MAX_SECONDS).default(SECONDS),
  })
  .refine(inOrder.check, inOrder.says);
