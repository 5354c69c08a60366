import { randomInt } from 'node:crypto';
import type { TextDelta, TextSettings } from '@genfleet/engine';
import type { FinishReason, Usage } from '@genfleet/job';
import type { Tokenizer } from '@genfleet/models';
import type { CodeModel, KeyValueCache } from './code-model.ts';
import { likeliest, logProbabilities, nextToken } from './sampling.ts';
import { type Score, TextOutput } from './text-output.ts';
import { completionTokens, type TokenPrompt, tokenPrompt } from './text-prompt.ts';
import { Uniform } from './uniform.ts';

/** Tokens of a prompt that are read in one turn: about as long as the others are kept waiting as ten tokens take. */
const PROMPT_TOKENS_A_TURN = 96;

/** What a token is given that can't come: infinity is no JSON. */
const LEAST_LOGPROB = -9_999;

/** The logits where nothing was read yet. */
const NOTHING = new Float32Array(0);

export interface Generated {
  readonly finishReason: FinishReason;
  readonly usage: Usage;
}

/** The part of the model that a generation needs. */
export type Reader = Pick<CodeModel, 'manifest' | 'newCache' | 'read'> & {
  readonly tokenizer: Pick<Tokenizer, 'encode' | 'decode'>;
};

/**
 * Generates one text, a turn at a time: between two yields the model reads a part of the prompt or one token.
 * @throws GenfleetError as `tokenPrompt` and `completionTokens` do.
 */
export async function* generateText(
  model: Reader,
  settings: TextSettings,
  onDelta: (delta: TextDelta) => void,
): AsyncGenerator<undefined, Generated> {
  const { manifest, tokenizer } = model;
  const prompt = tokenPrompt(settings, tokenizer, manifest);
  const limit = completionTokens(prompt.ids.length, settings.max_tokens, manifest.context_tokens);
  const send = (delta: TextDelta | undefined) => delta && onDelta(delta);
  const cache = model.newCache(prompt.ids.length + limit);
  let logits = yield* readPrompt(model, settings, prompt, cache, send);
  const uniform = new Uniform(settings.seed ?? randomInt(2 ** 48 - 1));
  const output = new TextOutput(tokenizer, settings.stop);
  const counts = new Map<number, number>();
  const finished = (finishReason: FinishReason, completion_tokens: number): Generated => {
    send(output.end());
    return { finishReason, usage: { prompt_tokens: prompt.ids.length, completion_tokens } };
  };
  for (let generated = 1; generated <= limit; generated += 1) {
    const id = nextToken(logits, counts, settings, () => uniform.next());
    if (id === manifest.end_token) return finished('stop', generated - 1);
    counts.set(id, (counts.get(id) ?? 0) + 1);
    send(output.push(id, score(logits, id, settings.logprobs, tokenizer)));
    if (output.stopped) return finished('stop', generated);
    if (generated === limit) break;
    logits = last(await readOn(model, [id], cache));
    yield;
  }
  return finished('length', limit);
}

/** Reads the prompt, and sends what is to be echoed of it. @returns the logits after it */
async function* readPrompt(
  model: Reader,
  settings: TextSettings,
  prompt: TokenPrompt,
  cache: KeyValueCache,
  send: (delta: TextDelta | undefined) => void,
): AsyncGenerator<undefined, Float32Array> {
  const { ids, start, end } = prompt;
  const isScored = settings.echo && settings.logprobs !== undefined;
  if (settings.echo && !isScored) send(echoed(settings, model.tokenizer, ids.slice(start, end)));
  const echo = new TextOutput(model.tokenizer, []);
  let latest: Float32Array = NOTHING;
  for (let from = 0; from < ids.length; from += PROMPT_TOKENS_A_TURN) {
    if (from > 0) yield;
    const part = ids.slice(from, from + PROMPT_TOKENS_A_TURN);
    const read = await readOn(model, part, cache);
    // the logits before a token are those that the one before it gave
    const before = [latest, ...read];
    for (const [offset, id] of part.entries()) {
      const isOwn = from + offset >= start && from + offset < end;
      const logits = before[offset] ?? NOTHING;
      const scored = isScored && isOwn ? score(logits, id, settings.logprobs, model.tokenizer) : undefined;
      if (scored) send(echo.push(id, scored));
    }
    latest = last(read);
  }
  send(echo.end());
  return latest;
}

/** Tokens that only ever stand in a template are never written, and never likely. */
async function readOn(
  model: Reader,
  ids: readonly number[],
  cache: KeyValueCache,
): Promise<readonly Float32Array[]> {
  const rows = await model.read(ids, cache);
  for (const row of rows) {
    for (const id of model.manifest.silent_tokens) row[id] = Number.NEGATIVE_INFINITY;
  }
  return rows;
}

function last(rows: readonly Float32Array[]): Float32Array {
  return rows.at(-1) ?? NOTHING;
}

function echoed(
  settings: TextSettings,
  tokenizer: Pick<Tokenizer, 'decode'>,
  own: readonly number[],
): TextDelta | undefined {
  const isText = 'prompt' in settings && typeof settings.prompt === 'string';
  const text = isText ? (settings.prompt as string) : tokenizer.decode(own);
  return text === '' ? undefined : { text };
}

/** The model's own probabilities, before temperature, `top_p` and penalties; none for a token that nothing precedes. */
function score(
  logits: Float32Array,
  id: number,
  alternatives: number | undefined,
  tokenizer: Pick<Tokenizer, 'decode'>,
): Score | undefined {
  if (alternatives === undefined) return undefined;
  if (logits.length === 0) return { logprob: null, top: [] };
  const logprobs = logProbabilities(logits);
  const top = likeliest(logprobs, alternatives).map((other) => ({
    text: tokenizer.decode([other.id]),
    logprob: Math.max(LEAST_LOGPROB, other.logprob),
  }));
  return { logprob: Math.max(LEAST_LOGPROB, logprobs[id] ?? LEAST_LOGPROB), top };
}
