import { readFile } from 'node:fs/promises';
import type { ModelInfo } from '@genfleet/job';
import { z } from 'zod';

/** `genfleet.json` beside the weights: what this model is and how it wants to be run. */
const manifestSchema = z.object({
  name: z.string(),
  demo: z.boolean(),
  aliases: z.array(z.string()),
  context_tokens: z.int(),
  layers: z.int(),
  key_heads: z.int(),
  head_width: z.int(),
  vocabulary: z.int(),
  end_token: z.int(),
  /** Tokens of templates, which are never written. */
  silent_tokens: z.array(z.int()),
  fim: z.object({ template: z.string() }),
});
export type CodeManifest = z.output<typeof manifestSchema>;

export async function readCodeManifest(folder: URL): Promise<CodeManifest> {
  return manifestSchema.parse(JSON.parse(await readFile(new URL('genfleet.json', folder), 'utf8')));
}

export function codeModelInfo(manifest: CodeManifest): ModelInfo {
  const { name, aliases, demo, context_tokens } = manifest;
  return {
    ...{ name, kind: 'completion', aliases, demo, samplers: [] },
    text: {
      context_tokens,
      max_tokens: context_tokens - 1,
      features: [
        ...(['suffix', 'logprobs', 'echo', 'seed'] as const),
        ...(['presence_penalty', 'frequency_penalty', 'token_prompts'] as const),
      ],
    },
  };
}
