import type { ChoiceDelta, FinishReason, TokenLogprob, Usage } from '@genfleet/job';
import type { AnswerForm } from './openai-completion.ts';

/** What all objects of one answer have in common. */
export interface AnswerHead {
  readonly id: string;
  /** Unix time in seconds. */
  readonly created: number;
  readonly model: string;
}

/** A choice of a complete answer. */
export interface FinishedChoice {
  readonly index: number;
  readonly text: string;
  readonly tokens?: readonly TokenLogprob[] | undefined;
  readonly finish_reason?: FinishReason | undefined;
}

/** OpenAI's answer to a request that is not streamed. */
export function wholeAnswer(
  { chat }: Pick<AnswerForm, 'chat'>,
  head: AnswerHead,
  choices: readonly FinishedChoice[],
  usage: Usage | null,
) {
  return {
    id: head.id,
    object: chat ? 'chat.completion' : 'text_completion',
    created: head.created,
    model: head.model,
    choices: choices.map((choice) => (chat ? chatChoice(choice) : textChoice(choice, 0))),
    usage: usage && openAiUsage(usage),
  };
}

function openAiUsage({ prompt_tokens, completion_tokens }: Usage) {
  return { prompt_tokens, completion_tokens, total_tokens: prompt_tokens + completion_tokens };
}

/** Writes the chunks of a streamed answer, `data:` line and all; what they share is made into JSON once. */
export class ChunkWriter {
  readonly #chat: boolean;
  readonly #head: string;
  readonly #tail: string;
  /** How long the text of each choice is so far, where offsets are reported. */
  readonly #offsets = new Map<number, number>();
  readonly #begun = new Set<number>();

  constructor({ chat, includeUsage }: AnswerForm, { id, created, model }: AnswerHead) {
    this.#chat = chat;
    const object = chat ? 'chat.completion.chunk' : 'text_completion';
    const head = JSON.stringify({ id, object, created, model });
    this.#head = `data: ${head.slice(0, -1)},"choices":[`;
    this.#tail = includeUsage ? '],"usage":null}\n\n' : ']}\n\n';
  }

  chunk(delta: ChoiceDelta): string {
    const choice = this.#chat ? this.#chatDelta(delta) : this.#textDelta(delta);
    return `${this.#head}${JSON.stringify(choice)}${this.#tail}`;
  }

  usage(usage: Usage): string {
    return `${this.#head}],"usage":${JSON.stringify(openAiUsage(usage))}}\n\n`;
  }

  #textDelta(delta: ChoiceDelta) {
    const offset = this.#offsets.get(delta.index) ?? 0;
    if (delta.tokens) this.#offsets.set(delta.index, offset + delta.text.length);
    return textChoice(delta, offset);
  }

  #chatDelta({ index, text, tokens, finish_reason: reason }: ChoiceDelta) {
    const isFirst = !this.#begun.has(index);
    this.#begun.add(index);
    const role = isFirst ? { role: 'assistant' } : {};
    const content = text === '' && !isFirst ? {} : { content: text };
    const logprobs = tokens ? chatLogprobs(tokens) : null;
    return { index, delta: { ...role, ...content }, logprobs, finish_reason: reason ?? null };
  }
}

function textChoice({ index, text, tokens, finish_reason: reason }: FinishedChoice, offset: number) {
  return {
    text,
    index,
    logprobs: tokens ? textLogprobs(tokens, offset) : null,
    finish_reason: reason ?? null,
  };
}

function chatChoice({ index, text, tokens, finish_reason: reason }: FinishedChoice) {
  return {
    index,
    message: { role: 'assistant', content: text, refusal: null },
    logprobs: tokens ? chatLogprobs(tokens) : null,
    finish_reason: reason ?? null,
  };
}

function textLogprobs(tokens: readonly TokenLogprob[], start: number) {
  let offset = start;
  const text_offset = tokens.map(({ text }) => {
    const at = offset;
    offset += text.length;
    return at;
  });
  return {
    tokens: tokens.map(({ text }) => text),
    token_logprobs: tokens.map(({ logprob }) => logprob),
    top_logprobs: tokens.map(({ logprob, top }) =>
      logprob === null ? null : Object.fromEntries(top.map((other) => [other.text, other.logprob])),
    ),
    text_offset,
  };
}

function chatLogprobs(tokens: readonly TokenLogprob[]) {
  const entry = ({ text, logprob }: { readonly text: string; readonly logprob: number | null }) => ({
    token: text,
    logprob,
    bytes: [...Buffer.from(text)],
  });
  return {
    content: tokens.map((token) => ({ ...entry(token), top_logprobs: token.top.map(entry) })),
    refusal: null,
  };
}
