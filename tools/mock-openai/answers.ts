/** The fields of a completion or chat request that the mock heeds. */
export interface MockRequest {
  readonly model?: string;
  readonly prompt?: string | readonly number[];
  readonly messages?: readonly { readonly role: string; readonly content: string }[];
  readonly suffix?: string;
  readonly max_tokens?: number;
  readonly temperature?: number;
  readonly stop?: string | readonly string[];
  readonly seed?: number;
  readonly logprobs?: number | boolean;
  readonly top_logprobs?: number;
  readonly echo?: boolean;
  readonly stream?: boolean;
  readonly stream_options?: { readonly include_usage?: boolean };
}

export interface MockAnswer {
  /** Text of each chunk. */
  readonly pieces: readonly string[];
  readonly finishReason: 'stop' | 'length';
  readonly promptTokens: number;
  readonly completionTokens: number;
}

const LETTERS = 'etaoinshrdlu';
const WORD_LETTERS = 4;
const CHARS_PER_TOKEN = 4;

/**
 * What the mock writes: words of four letters that follow from the prompt, the suffix and the seed, a token each with
 * the blank before it, five bytes. 240 of them are 1.2 KB.
 */
export function answerTo(request: MockRequest, length: number, chunks: number): MockAnswer {
  const { temperature = 1, seed, max_tokens = length, suffix = '' } = request;
  const prompt = promptText(request);
  const chance = temperature === 0 ? 0 : (seed ?? Math.floor(Math.random() * 2 ** 31));
  const start = hash(`${prompt}\0${suffix}\0${chance}`);
  const count = Math.min(max_tokens, length);
  const words = Array.from({ length: count }, (_, index) => ` ${word(start, index)}`);
  const { text, stopped } = untilStop(words.join(''), request.stop);
  const perPiece = Math.max(1, Math.ceil(count / chunks)) * (WORD_LETTERS + 1);
  const pieces: string[] = request.echo && typeof request.prompt === 'string' ? [request.prompt] : [];
  for (let from = 0; from < text.length; from += perPiece) pieces.push(text.slice(from, from + perPiece));
  return {
    pieces,
    finishReason: !stopped && count === max_tokens ? 'length' : 'stop',
    promptTokens: promptTokens(request),
    completionTokens: Math.ceil(text.length / (WORD_LETTERS + 1)),
  };
}

export function promptTokens(request: MockRequest): number {
  if (Array.isArray(request.prompt)) return request.prompt.length;
  return Math.ceil(promptText(request).length / CHARS_PER_TOKEN);
}

function promptText({ prompt, messages }: MockRequest): string {
  if (messages) return messages.map(({ role, content }) => `${role}: ${content}\n`).join('');
  return typeof prompt === 'string' ? prompt : (prompt ?? []).join(' ');
}

/** A probability for each token of a piece, in the form of old completions; null when none were asked for. */
export function pieceLogprobs(piece: string, request: MockRequest): object | null {
  if (request.logprobs === undefined || request.logprobs === false) return null;
  const tops = request.top_logprobs ?? Number(request.logprobs);
  const tokens = piece.match(/ ?[^ ]+|^$/g) ?? [];
  const others = (token: string) =>
    Array.from({ length: tops }, (_, rank) => [rank === 0 ? token : `~${rank}`, -0.25 - rank] as const);
  if (request.messages) {
    const content = tokens.map((token) => ({
      token,
      logprob: -0.25,
      top_logprobs: others(token).map(([other, logprob]) => ({ token: other, logprob })),
    }));
    return { content };
  }
  return {
    tokens,
    token_logprobs: tokens.map(() => -0.25),
    top_logprobs: tokens.map((token) => Object.fromEntries(others(token))),
  };
}

function untilStop(text: string, stop: MockRequest['stop']): { text: string; stopped: boolean } {
  const stops = typeof stop === 'string' ? [stop] : (stop ?? []);
  const ends = stops.map((each) => text.indexOf(each)).filter((at) => at >= 0);
  return ends.length === 0
    ? { text, stopped: false }
    : { text: text.slice(0, Math.min(...ends)), stopped: true };
}

function word(start: number, index: number): string {
  let bits = mix(start + index * 0x9e3779b1);
  let text = '';
  for (let letter = 0; letter < WORD_LETTERS; letter++) {
    text += LETTERS[bits % LETTERS.length];
    bits = Math.floor(bits / LETTERS.length);
  }
  return text;
}

function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) {
    value = Math.imul(value ^ text.charCodeAt(index), 0x01000193);
  }
  return value >>> 0;
}

function mix(value: number): number {
  let mixed = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
