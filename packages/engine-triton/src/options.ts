import { GenfleetError, IN_PLAIN_WORDS, type TextFeature } from '@genfleet/job';
import type { ModelSpec } from '@genfleet/models';
import { z } from 'zod';

/** Of a tensor that every model must have. */
const tensor = (name: string) => z.string().min(1).default(name);

const shared = {
  /** What Triton calls the model; its name in the file of models unless it says otherwise. */
  triton_model: z.string().min(1).optional(),
  /** The newest that Triton has loaded unless it says otherwise. */
  triton_version: z.string().regex(/^\d+$/, 'must be a number in quotes').default(''),
  /**
   * Whether a request is answered by a stream. The model's configuration in Triton says so; to be given for ensembles
   * of Tritons that do not.
   */
  decoupled: z.boolean().optional(),
  /** What each answer of a stream holds: what is new, or all of the text so far. */
  answers: z.enum(['delta', 'cumulative']).optional(),
  /** Whether the text begins with the prompt. */
  output_includes_prompt: z.boolean().optional(),
};

/** Text in, text out: Python, vLLM and TensorRT-LLM backends. Tensors that a model lacks are left out. */
const textSchema = z.strictObject({
  ...shared,
  layout: z.literal('text'),
  inputs: z
    .strictObject({
      text: tensor('text_input'),
      stream: tensor('stream'),
      /** All settings as JSON with vLLM's names. Without it each is a tensor of its own. */
      sampling_parameters: tensor('sampling_parameters'),
      exclude_prompt: tensor('exclude_input_in_output'),
      return_finish_reason: tensor('return_finish_reason'),
      return_token_count: tensor('return_num_output_tokens'),
      max_tokens: tensor('max_tokens'),
      temperature: tensor('temperature'),
      top_k: tensor('top_k'),
      top_p: tensor('top_p'),
      seed: tensor('random_seed'),
      presence_penalty: tensor('presence_penalty'),
      frequency_penalty: tensor('frequency_penalty'),
      stop: tensor('stop_words'),
    })
    .prefault({}),
  outputs: z
    .strictObject({
      text: tensor('text_output'),
      finish_reason: tensor('finish_reason'),
      /** Tokens of this answer alone, or of all so far, as `answers` has it. */
      token_count: tensor('num_output_tokens'),
    })
    .prefault({}),
});

/** Token ids in, token ids out: FasterTransformer's GPT models, and TensorRT-LLM without its pre- and postprocessing. */
const tokensSchema = z.strictObject({
  ...shared,
  layout: z.literal('tokens'),
  /** The token that ends a text. */
  end_id: z.int().min(0),
  /** Fills up; the one that ends unless it says otherwise. */
  pad_id: z.int().min(0).optional(),
  inputs: z
    .strictObject({
      ids: tensor('input_ids'),
      lengths: tensor('input_lengths'),
      max_tokens: tensor('request_output_len'),
      temperature: tensor('temperature'),
      top_k: tensor('runtime_top_k'),
      top_p: tensor('runtime_top_p'),
      seed: tensor('random_seed'),
      presence_penalty: tensor('presence_penalty'),
      frequency_penalty: tensor('frequency_penalty'),
      beam_width: tensor('beam_width'),
      start_id: tensor('start_id'),
      end_id: tensor('end_id'),
      pad_id: tensor('pad_id'),
      stop: tensor('stop_words_list'),
      stream: tensor('streaming'),
    })
    .prefault({}),
  outputs: z
    .strictObject({
      ids: tensor('output_ids'),
      lengths: tensor('sequence_length'),
    })
    .prefault({}),
});

const optionsSchema = z.discriminatedUnion('layout', [textSchema, tokensSchema]);

export type TextOptions = z.output<typeof textSchema>;
export type TokensOptions = z.output<typeof tokensSchema>;
export type TritonOptions = z.output<typeof optionsSchema>;

/** A model of the file with what this engine reads of it. */
export interface TritonModel {
  readonly spec: ModelSpec;
  readonly options: TritonOptions;
  readonly tokenizerFile: string;
}

/** What no layout gives: it has to be listed by neither the file nor the engine. */
const NEVER: ReadonlySet<TextFeature> = new Set(['logprobs']);

/**
 * @throws GenfleetError `invalid_configuration` that lists every fault of every model by its path.
 */
export function tritonModels(specs: readonly ModelSpec[]): readonly TritonModel[] {
  const faults: string[] = [];
  const models = specs.flatMap((spec) => {
    const parsed = optionsSchema.safeParse(spec.options, IN_PLAIN_WORDS);
    const found = [...(parsed.error?.issues ?? []).map(faultOf), ...specFaults(spec)];
    faults.push(...found.map((fault) => `  ${spec.name}.${fault}`));
    const { tokenizer } = spec;
    return parsed.success && tokenizer ? [{ spec, options: parsed.data, tokenizerFile: tokenizer }] : [];
  });
  if (faults.length === 0) return models;
  throw new GenfleetError('invalid_configuration', `models in Triton:\n${faults.join('\n')}`);
}

function faultOf({ path, message }: z.core.$ZodIssue): string {
  return `${['options', ...path].join('.')}: ${message}`;
}

function specFaults(spec: ModelSpec): string[] {
  const faults: string[] = [];
  if (!spec.tokenizer) faults.push('tokenizer: is needed to count tokens, whatever the layout');
  for (const feature of spec.features) {
    if (NEVER.has(feature)) faults.push(`features: ${feature} is nothing that Triton's layouts give`);
  }
  return faults;
}
