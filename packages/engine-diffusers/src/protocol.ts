import { z } from 'zod';

/** The lines of `POST /generate`, as services/model-diffusers/README.md describes them. */

/** Codes the container may give; anything else is rubbish and becomes `engine_failed`. */
const faultSchema = z.object({
  code: z.enum([
    'model_not_found',
    'prompt_rejected',
    'invalid_settings',
    'out_of_memory',
    'engine_failed',
    'cancelled',
  ]),
  message: z.string(),
  retryable: z.boolean(),
});

export const lineSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('waiting'), for: z.enum(['model', 'device']) }),
  z.object({
    type: z.literal('progress'),
    step: z.int().min(1),
    steps: z.int().min(1),
    ids: z.array(z.string()),
    previews: z.record(z.string(), z.string()).optional(),
  }),
  z.object({ type: z.literal('image'), id: z.string(), index: z.int().min(0), png: z.string() }),
  z.object({ type: z.literal('error'), ids: z.array(z.string()), ...faultSchema.shape }),
  z.object({
    type: z.literal('done'),
    model: z.string(),
    model_load_ms: z.int().min(0),
    timings: z.object({ generate_ms: z.int().min(0) }),
  }),
]);
export type Line = z.output<typeof lineSchema>;

/** The body of an answer that is no stream. */
export const refusalSchema = z.object({ error: faultSchema });

export const modelsSchema = z.object({
  models: z.array(z.object({ name: z.string(), aliases: z.array(z.string()), demo: z.boolean() })),
  samplers: z.array(z.string()),
  batch_images: z.int().min(1),
});

export const readySchema = z.object({ ready: z.boolean(), reasons: z.array(z.string()) });
