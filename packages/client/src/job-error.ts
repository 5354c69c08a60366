import { ERROR_CODES } from '@genfleet/job';
import { z } from 'zod';

/** Why a job is a dead letter. */
export const jobErrorSchema = z
  .object({ code: z.enum(ERROR_CODES), message: z.string() })
  .meta({ id: 'JobError' });
