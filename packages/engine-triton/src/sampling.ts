import { GenfleetError } from '@genfleet/job';
import type { ModelShape, RequestInputs } from './model-shape.ts';
import type { Plan } from './plan.ts';
import { seedFor } from './tensors.ts';

/** Names of the tensors that both layouts have for the same settings. */
interface SamplingNames {
  readonly max_tokens: string;
  readonly temperature: string;
  readonly top_k: string;
  readonly top_p: string;
  readonly seed: string;
  readonly presence_penalty: string;
  readonly frequency_penalty: string;
}

/**
 * Each setting as its own tensor. The likeliest token alone is asked for as the one best of them (`top_k` 1) at
 * temperature 1: FasterTransformer and TensorRT-LLM divide by the temperature.
 * @throws GenfleetError `invalid_configuration` when the model has no tensor for what every request sets, `invalid_settings`
 * for a `top_p` that it has none for.
 */
export function sampleByTensors(
  inputs: RequestInputs,
  names: SamplingNames,
  plan: Plan,
  randomSeed: () => number,
): void {
  needInput(inputs, names.max_tokens);
  needInput(inputs, names.temperature);
  if (plan.topP !== 1 && !inputs.has(names.top_p)) {
    throw new GenfleetError('invalid_settings', 'the model takes no top_p');
  }
  const byBest = plan.greedy && inputs.has(names.top_k);
  inputs.numbers(names.max_tokens, [plan.maxTokens]);
  inputs.numbers(names.temperature, [byBest ? 1 : plan.temperature]);
  inputs.numbers(names.top_k, [byBest ? 1 : 0]);
  inputs.numbers(names.top_p, [plan.topP]);
  const seed = inputs.spec(names.seed);
  // their own default is a fixed one, and with it the same text every time
  if (seed) inputs.numbers(names.seed, [seedFor(seed, plan.seed ?? randomSeed())]);
  if (plan.presencePenalty !== 0) inputs.numbers(names.presence_penalty, [plan.presencePenalty]);
  if (plan.frequencyPenalty !== 0) inputs.numbers(names.frequency_penalty, [plan.frequencyPenalty]);
}

export function needInput(inputs: RequestInputs, name: string): void {
  if (!inputs.has(name)) throw lacking('input', name);
}

export function needOutput(shape: ModelShape, name: string): void {
  if (!shape.outputs.has(name)) throw lacking('output', name);
}

function lacking(side: 'input' | 'output', name: string): GenfleetError {
  const message = `the model in Triton has no ${side} ${name}: its options name another layout`;
  return new GenfleetError('invalid_configuration', message);
}
