import type { TextSettings } from '@genfleet/engine';
import type { CompletionSettings } from '@genfleet/job';

/** One text of a completion job. */
export interface Choice {
  /** Its place in the answer: prompt by prompt, `n` for each. */
  readonly index: number;
  /** Whether its prompt counts for the usage: that of the first choice of a prompt does. */
  readonly countsPrompt: boolean;
  readonly settings: TextSettings;
}

/** The texts that a completion asks for. With a seed, choice `i` of a prompt uses `seed + i`. */
export function choicesOf(settings: CompletionSettings): readonly Choice[] {
  const { prompts, messages, n, seed, ...shared } = settings;
  const inputs = messages ? [{ messages }] : (prompts ?? []).map((prompt) => ({ prompt }));
  return inputs.flatMap((input, prompt) =>
    Array.from({ length: n }, (_, i) => ({
      index: prompt * n + i,
      countsPrompt: i === 0,
      settings: { ...shared, ...input, ...(seed === undefined ? {} : { seed: seed + i }) },
    })),
  );
}
