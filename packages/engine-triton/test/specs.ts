import { join } from 'node:path';
import type { TextDelta, TextEngine, TextSettings, TextTask } from '@genfleet/engine';
import type { ModelSpec } from '@genfleet/models';

export const TOKENIZER = join(import.meta.dirname, '../../../services/model-triton/model/tokenizer.json');

/** A model of the file of models, with the tokenizer that the demo models have. */
export function spec(name: string, options: object, more: Partial<ModelSpec> = {}): ModelSpec {
  return {
    name,
    aliases: [],
    engine: 'triton',
    context_tokens: 1_024,
    max_tokens: 512,
    tokenizer: TOKENIZER,
    stop: [],
    features: [],
    options: { ...options },
    ...more,
  };
}

export const settingsOf = (model: string, more: Partial<TextSettings> = {}) =>
  ({
    ...{ model, prompt: 'def load(self', max_tokens: 12, temperature: 0, top_p: 1, stop: [], echo: false },
    ...{ presence_penalty: 0, frequency_penalty: 0 },
    ...more,
  }) as TextSettings;

let taskCount = 0;

/** Generates one text and gathers what came of it. */
export async function generate(
  engine: TextEngine,
  model: string,
  settings: Partial<TextSettings> = {},
  more: Partial<TextTask> = {},
) {
  const deltas: TextDelta[] = [];
  taskCount += 1;
  const result = await engine.generateText({
    id: `task-${taskCount}`,
    settings: settingsOf(model, settings),
    signal: new AbortController().signal,
    onDelta: (delta) => deltas.push(delta),
    ...more,
  });
  return { result, deltas, text: deltas.map(({ text }) => text).join('') };
}
