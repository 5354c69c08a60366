import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { GenfleetError, IN_PLAIN_WORDS, TEXT_FEATURES } from '@genfleet/job';
import { z } from 'zod';

const name = z.string().min(1).max(256);
const stops = z.array(z.string().min(1)).default([]);

/** Fill in the middle, as the model was trained for it: `{prefix}` and `{suffix}` stand for the two sides of the gap. */
const fimSchema = z.strictObject({
  template: z.string().refine((text) => text.includes('{prefix}') && text.includes('{suffix}'), {
    error: 'must hold {prefix} and {suffix}',
  }),
  /** Beside the model's own: what a model writes when the gap is filled. */
  stop: stops,
});

/** One text model: what it is called, what it takes, and how its engine knows it. */
export const modelSpecSchema = z.strictObject({
  name,
  aliases: z.array(name).default([]),
  /** Which engine runs it; a worker takes the models of its own. */
  engine: z.enum(['triton', 'openai']),
  /** Prompt and completion together, in tokens. */
  context_tokens: z.int().min(1),
  /** Longest completion, in tokens; as long as the context unless it says less. */
  max_tokens: z.int().min(1).optional(),
  /** A `tokenizer.json` of the Hugging Face tokenizers format; a path from the file of models. */
  tokenizer: z.string().optional(),
  fim: fimSchema.optional(),
  /** What ends every text of this model, whatever a request says: `<|endoftext|>`. Never part of the text. */
  stop: stops,
  /** A Jinja template as tokenizer configurations carry it. */
  chat_template: z.string().optional(),
  /** What it can do that follows neither from its engine nor from the lines above. */
  features: z.array(z.enum(TEXT_FEATURES)).default([]),
  /** Read by the engine itself: names of models, tensors and the like. */
  options: z.record(z.string(), z.unknown()).default({}),
});
export type ModelSpec = z.output<typeof modelSpecSchema>;

const fileSchema = z.strictObject({ models: z.array(modelSpecSchema).min(1) });

/**
 * Reads the file that `MODELS_FILE` names; tokenizer paths come back absolute.
 * @throws GenfleetError `invalid_configuration` that lists every fault by its path.
 */
export async function readModelsFile(file: string): Promise<readonly ModelSpec[]> {
  const { models } = parse(file, await read(file));
  const names = models.flatMap((model) => [model.name, ...model.aliases]);
  const twice = names.filter((known, index) => names.indexOf(known) !== index);
  if (twice.length > 0) throw invalid(file, `names used twice: ${[...new Set(twice)].join(', ')}`);
  return models.map((model) => ({
    ...model,
    ...(model.tokenizer === undefined ? {} : { tokenizer: resolve(dirname(file), model.tokenizer) }),
  }));
}

async function read(file: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(file, 'utf8'));
  } catch (cause) {
    throw invalid(file, cause instanceof Error ? cause.message : String(cause), cause);
  }
}

function parse(file: string, value: unknown): z.output<typeof fileSchema> {
  const parsed = fileSchema.safeParse(value, IN_PLAIN_WORDS);
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map(({ path, message }) => `  ${path.join('.')}: ${message}`);
  throw invalid(file, `\n${faults.join('\n')}`, parsed.error);
}

function invalid(file: string, what: string, cause?: unknown): GenfleetError {
  return new GenfleetError('invalid_configuration', `MODELS_FILE ${file}: ${what}`, { cause });
}
