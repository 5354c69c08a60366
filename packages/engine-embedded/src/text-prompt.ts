import type { TextSettings } from '@genfleet/engine';
import { GenfleetError } from '@genfleet/job';
import { fimPrompt, type Tokenizer } from '@genfleet/models';
import type { CodeManifest } from './code-manifest.ts';

/** What the model reads before it writes. */
export interface TokenPrompt {
  /** Never empty. */
  readonly ids: readonly number[];
  /** Which of them the client wrote: from `start` up to, not including, `end`. */
  readonly start: number;
  readonly end: number;
}

/**
 * The prompt as token ids, in the model's template when a gap is to be filled.
 * @throws GenfleetError `invalid_settings` for a conversation and for ids that the model does not have.
 */
export function tokenPrompt(
  settings: TextSettings,
  tokenizer: Pick<Tokenizer, 'encode'>,
  manifest: CodeManifest,
): TokenPrompt {
  if (!('prompt' in settings) || settings.prompt === undefined) {
    throw new GenfleetError('invalid_settings', `${manifest.name} has no chat template; give it a prompt`);
  }
  const { prompt, suffix } = settings;
  const own = typeof prompt === 'string' ? tokenizer.encode(prompt) : prompt;
  const unknown = own.find((id) => id >= manifest.vocabulary);
  if (unknown !== undefined) {
    const known = `0 to ${manifest.vocabulary - 1}`;
    throw new GenfleetError(
      'invalid_settings',
      `token id ${unknown} is not one of ${manifest.name}'s: ${known}`,
    );
  }
  if (suffix === undefined) {
    // the end of one text is where another one begins
    const before = own.length === 0 ? [manifest.end_token] : [];
    return { ids: [...before, ...own], start: before.length, end: before.length + own.length };
  }
  // the prompt may be ids already, so the template is encoded around it
  const [head = '', tail = ''] = manifest.fim.template.split('{prefix}');
  const before = tokenizer.encode(fimPrompt(head, '', suffix));
  const after = tokenizer.encode(fimPrompt(tail, '', suffix));
  return { ids: [...before, ...own, ...after], start: before.length, end: before.length + own.length };
}

/**
 * How many tokens may be generated after a prompt of `promptTokens`.
 * @throws GenfleetError `context_length_exceeded` when both together do not fit.
 */
export function completionTokens(
  promptTokens: number,
  maxTokens: number | undefined,
  context: number,
): number {
  if (maxTokens === undefined && promptTokens < context) return context - promptTokens;
  if (maxTokens !== undefined && promptTokens + maxTokens <= context) return maxTokens;
  const asked = maxTokens === undefined ? 'as many as fit' : `${maxTokens}`;
  throw new GenfleetError(
    'context_length_exceeded',
    `This model's maximum context length is ${context} tokens; the prompt has ${promptTokens} and max_tokens is ${asked}`,
  );
}
