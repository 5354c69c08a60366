import { type FinishReason, GenfleetError, type TokenLogprob, type Usage } from '@genfleet/job';
import { refusal } from './refusal.ts';

/** What one event of the upstream's stream says. */
export interface Chunk {
  readonly text: string;
  readonly tokens?: readonly TokenLogprob[];
  readonly finishReason?: FinishReason;
  readonly usage?: Usage;
}

type Json = Record<string, unknown>;
const EMPTY: Chunk = { text: '' };

/**
 * Reads one chunk of `/completions` or `/chat/completions`, or the answer to one that is not streamed. Checked by hand and not by a schema: this runs for every
 * token. `topCount` is how many alternatives are reported, undefined for no probabilities at all.
 * @throws GenfleetError what an error in the stream stands for; `engine_failed` for anything else that is no chunk.
 */
export function readChunk(data: string, topCount: number | undefined): Chunk {
  const chunk = parse(data);
  if (chunk['error'] !== undefined && chunk['error'] !== null) throw refusal(undefined, chunk);
  const usage = readUsage(chunk['usage']);
  const choices = chunk['choices'];
  if (choices === undefined || (Array.isArray(choices) && choices.length === 0)) {
    return usage ? { text: '', usage } : EMPTY;
  }
  if (!Array.isArray(choices) || !isObject(choices[0])) throw rubbish(data);
  const choice = choices[0];
  // a chat's first chunk names the role and has no text, its last only says why it ended
  const part = choice['delta'] ?? choice['message'];
  const text = (part === undefined ? choice['text'] : object(part, data)['content']) ?? '';
  if (typeof text !== 'string' || (choice['index'] ?? 0) !== 0) throw rubbish(data);
  const finishReason = readFinishReason(choice['finish_reason']);
  return {
    text,
    ...(finishReason === undefined ? {} : { finishReason }),
    ...(usage === undefined ? {} : { usage }),
    ...(topCount === undefined ? {} : { tokens: readTokens(choice['logprobs'], topCount, data) }),
  };
}

function parse(data: string): Json {
  try {
    const value: unknown = JSON.parse(data);
    if (isObject(value)) return value;
  } catch {
    // said below
  }
  throw rubbish(data);
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function object(value: unknown, data: string): Json {
  if (!isObject(value)) throw rubbish(data);
  return value;
}

function rubbish(data: string): GenfleetError {
  const start = JSON.stringify(data.slice(0, 80));
  return new GenfleetError('engine_failed', `engine sent what is not of its protocol: ${start}`);
}

function readUsage(value: unknown): Usage | undefined {
  if (!isObject(value)) return undefined;
  // a prompt that is only scored has no completion, and some servers leave the 0 out
  const { prompt_tokens, completion_tokens = 0 } = value;
  return isCount(prompt_tokens) && isCount(completion_tokens)
    ? { prompt_tokens, completion_tokens }
    : undefined;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function readFinishReason(value: unknown): FinishReason | undefined {
  if (value === null || value === undefined || value === '') return undefined;
  if (value === 'stop' || value === 'length') return value;
  if (value === 'content_filter') {
    throw new GenfleetError('prompt_rejected', "the engine's content filter ended the text");
  }
  throw new GenfleetError('engine_failed', `engine ended the text for a reason of its own: ${String(value)}`);
}

/** Probabilities come in the form of old completions (parallel lists) or in that of chats (a list of tokens). */
function readTokens(value: unknown, topCount: number, data: string): readonly TokenLogprob[] {
  if (!isObject(value)) return [];
  const { content, tokens } = value;
  if (Array.isArray(content)) return content.map((token) => chatToken(object(token, data), topCount, data));
  if (!Array.isArray(tokens)) return [];
  const logprobs = Array.isArray(value['token_logprobs']) ? value['token_logprobs'] : [];
  const tops = Array.isArray(value['top_logprobs']) ? value['top_logprobs'] : [];
  return tokens.map((text, index) => ({
    text: String(text),
    logprob: isLogprob(logprobs[index]) ? logprobs[index] : null,
    top: likeliest(isObject(tops[index]) ? Object.entries(tops[index]) : [], topCount),
  }));
}

function chatToken(token: Json, topCount: number, data: string): TokenLogprob {
  const { token: text, logprob, top_logprobs: others } = token;
  if (typeof text !== 'string') throw rubbish(data);
  const top = (Array.isArray(others) ? others : []).map((other): [string, unknown] => {
    const { token: otherText, logprob: otherLogprob } = object(other, data);
    return [String(otherText), otherLogprob];
  });
  return { text, logprob: isLogprob(logprob) ? logprob : null, top: likeliest(top, topCount) };
}

function isLogprob(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

/** Some servers add the token that was taken to the likeliest ones: one more than was asked for. */
function likeliest(entries: [string, unknown][], count: number): TokenLogprob['top'] {
  return entries
    .flatMap(([text, logprob]) => (isLogprob(logprob) ? [{ text, logprob }] : []))
    .sort((a, b) => b.logprob - a.logprob)
    .slice(0, count);
}
