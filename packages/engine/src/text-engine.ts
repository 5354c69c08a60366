import type {
  ChatMessage,
  CompletionSettings,
  FinishReason,
  GenfleetError,
  Prompt,
  TokenLogprob,
  Usage,
} from '@genfleet/job';
import type { Engine } from './engine.ts';

/** What one text is generated from: a prompt, or a conversation that the model's template makes one of. */
export type TextInput = { readonly prompt: Prompt } | { readonly messages: readonly ChatMessage[] };

type SharedSettings = Omit<CompletionSettings, 'prompts' | 'messages' | 'n'>;

/** Settings of one text. `max_tokens` is as many as fit when absent; 0 with `echo` scores the prompt. */
export type TextSettings = Readonly<SharedSettings> & TextInput;

/** What was generated since the last piece. A piece never holds part of a stop sequence, nor half a character. */
export interface TextDelta {
  readonly text: string;
  /** When `logprobs` was asked for: the tokens whose text this is. */
  readonly tokens?: readonly TokenLogprob[];
}

/** One text to generate: the worker makes several of a job with several prompts or choices. */
export interface TextTask {
  readonly id: string;
  readonly settings: TextSettings;
  /** Aborted when nobody wants the text any more: the generation stops within about a token, at its source. */
  readonly signal: AbortSignal;
  /** Called in order, as the text comes; not after the result. With `echo` the prompt comes first. */
  readonly onDelta: (delta: TextDelta) => void;
  /** Nobody reads along: the text may come as one piece, which costs an engine out of process much less. */
  readonly whole?: boolean;
  /** W3C trace context for engines out of process. */
  readonly traceparent?: string;
}

export type TextResult =
  | {
      readonly ok: true;
      readonly finishReason: FinishReason;
      /** Tokens of this text alone, counted by the model's tokenizer. */
      readonly usage: Usage;
      /** Name of the model that ran, aliases resolved. */
      readonly model: string;
      readonly modelLoadMs: number;
      readonly generateMs: number;
    }
  | { readonly ok: false; readonly error: GenfleetError };

/** What runs a text model. */
export interface TextEngine extends Engine {
  /** Texts that may be generated at once; more only wait inside the engine. */
  readonly maxConcurrentTexts: number;
  /**
   * Generates one text. Never rejects: what goes wrong is the result (`cancelled`, `model_not_found`,
   * `context_length_exceeded`, `invalid_settings` for what the model can't do, `engine_*`). With a seed, the same
   * settings give the same text where the model lists `seed` among its features.
   */
  generateText(task: TextTask): Promise<TextResult>;
}
