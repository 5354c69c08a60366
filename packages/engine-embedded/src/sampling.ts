import type { CompletionSettings } from '@genfleet/job';

/** What decides which token comes next. */
export type SamplingSettings = Pick<
  CompletionSettings,
  'temperature' | 'top_p' | 'presence_penalty' | 'frequency_penalty'
>;

/** A token id with the natural logarithm of its probability. */
export interface Alternative {
  readonly id: number;
  readonly logprob: number;
}

/** Natural logarithms of the probabilities that the logits stand for. */
export function logProbabilities(logits: Float32Array): Float32Array {
  const largest = largestOf(logits);
  let sum = 0;
  for (const logit of logits) sum += Math.exp(logit - largest);
  const offset = largest + Math.log(sum);
  return logits.map((logit) => logit - offset);
}

/** The `count` likeliest tokens, the likeliest first; of equal ones the lower id. */
export function likeliest(logprobs: Float32Array, count: number): Alternative[] {
  const top: Alternative[] = [];
  for (const [id, logprob] of logprobs.entries()) {
    if (top.length === count && logprob <= (top.at(-1)?.logprob ?? Number.POSITIVE_INFINITY)) continue;
    const place = top.findIndex((other) => other.logprob < logprob);
    top.splice(place < 0 ? top.length : place, 0, { id, logprob });
    if (top.length > count) top.pop();
  }
  return top;
}

/**
 * Chooses the next token. The penalties are OpenAI's: from the logit of a token that was generated `c` times before,
 * `c * frequency_penalty + presence_penalty` is taken. Temperature 0 takes the likeliest token.
 * @param counts how often each token was generated before, the prompt not counted
 * @param random the next number in [0, 1); not called at temperature 0
 */
export function nextToken(
  logits: Float32Array,
  counts: ReadonlyMap<number, number>,
  settings: SamplingSettings,
  random: () => number,
): number {
  const penalised = withPenalties(logits, counts, settings);
  if (settings.temperature === 0) return penalised.indexOf(largestOf(penalised));
  const largest = largestOf(penalised);
  const weights = penalised.map((logit) => Math.exp((logit - largest) / settings.temperature));
  const candidates = settings.top_p < 1 ? nucleus(weights, settings.top_p) : [...weights.keys()];
  return draw(candidates, weights, random());
}

function withPenalties(
  logits: Float32Array,
  counts: ReadonlyMap<number, number>,
  { presence_penalty: presence, frequency_penalty: frequency }: SamplingSettings,
): Float32Array {
  if ((presence === 0 && frequency === 0) || counts.size === 0) return logits;
  const penalised = logits.slice();
  for (const [id, count] of counts) penalised[id] = (penalised[id] ?? 0) - count * frequency - presence;
  return penalised;
}

/** The fewest tokens, likeliest first, that together have `topP` of all the weight (Holtzman et al. 2020). */
function nucleus(weights: Float32Array, topP: number): number[] {
  const weight = (id: number) => weights[id] ?? 0;
  const total = weights.reduce((sum, next) => sum + next, 0);
  // all tokens below this together weigh less than what may be left out, so that few have to be sorted
  const least = (total * (1 - topP)) / weights.length;
  const candidates: number[] = [];
  for (const [id, next] of weights.entries()) if (next > 0 && next >= least) candidates.push(id);
  candidates.sort((a, b) => weight(b) - weight(a) || a - b);
  let sum = 0;
  const enough = candidates.findIndex((id) => {
    sum += weight(id);
    return sum >= topP * total;
  });
  return candidates.slice(0, enough < 0 ? candidates.length : enough + 1);
}

/** One of the candidates, by their weights. */
function draw(candidates: readonly number[], weights: Float32Array, uniform: number): number {
  let left = uniform * candidates.reduce((sum, id) => sum + (weights[id] ?? 0), 0);
  for (const id of candidates) {
    left -= weights[id] ?? 0;
    if (left < 0) return id;
  }
  // rounding: the last one ends at 1
  return candidates.at(-1) ?? 0;
}

function largestOf(values: Float32Array): number {
  let largest = Number.NEGATIVE_INFINITY;
  for (const value of values) if (value > largest) largest = value;
  return largest;
}
