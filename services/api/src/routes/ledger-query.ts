import { MAX_SQL_CHARS } from '@genfleet/ledger';
import { z } from 'zod';
import type {} from 'zod-openapi';

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
    max_rows: z.int().min(1).max(100_000).default(1_000).meta({ description: 'Rows of the answer at most' }),
    timeout_seconds: z.number().positive().max(600).default(30),
  })
  .meta({ id: 'LedgerQuery' });

/** The answer, as JSON. */
export const ledgerAnswerSchema = z
  .object({
    columns: z.array(z.object({ name: z.string(), type: z.string() })),
    rows: z.array(z.array(z.unknown())),
    truncated: z.boolean().meta({ description: 'There were more rows' }),
    elapsed_ms: z.int(),
  })
  .meta({ id: 'LedgerAnswer' });
