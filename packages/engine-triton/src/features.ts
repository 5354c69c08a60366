import type { TextFeature } from '@genfleet/job';
import type { ModelShape } from './model-shape.ts';
import type { TritonModel } from './options.ts';

/** Settings that a model either has a tensor for, or reads out of its JSON if the file of models says so. */
const SETTINGS = ['seed', 'presence_penalty', 'frequency_penalty'] as const;

/** What the model can do beside going on from a prompt; what is missing here is refused by name. */
export function featuresOf({ spec, options }: TritonModel, shape: ModelShape): TextFeature[] {
  const features: TextFeature[] = ['echo'];
  if (spec.fim) features.push('suffix');
  if (spec.chat_template) features.push('chat');
  // as text they would be tokenized anew, and special tokens among them lost
  if (options.layout === 'tokens') features.push('token_prompts');
  for (const setting of SETTINGS) {
    const hasTensor = shape.inputs.has(options.inputs[setting]);
    // nobody can see from outside what of its JSON a model reads
    if (readsJson(options, shape) ? spec.features.includes(setting) : hasTensor) features.push(setting);
  }
  return features;
}

/** Whether all settings go as one JSON. */
export function readsJson(options: TritonModel['options'], shape: ModelShape): boolean {
  return options.layout === 'text' && shape.inputs.has(options.inputs.sampling_parameters);
}
