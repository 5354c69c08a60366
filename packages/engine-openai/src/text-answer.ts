import type { TextDelta } from '@genfleet/engine';
import { type FinishReason, GenfleetError, type TokenLogprob, type Usage } from '@genfleet/job';
import type { StopScanner } from '@genfleet/models';
import { type Chunk, readChunk } from './chunk.ts';
import type { Receiver } from './exchange.ts';
import { parseJson } from './json.ts';
import { refusal } from './refusal.ts';
import { SseReader } from './sse-reader.ts';

const EVENT_LIMIT_BYTES = 2 ** 20;
const REFUSAL_LIMIT_BYTES = 2 ** 16;
const WHOLE_LIMIT_BYTES = 2 ** 24;
/** Of the whole stream: many times what the longest completion takes with all its probabilities. */
const STREAM_LIMIT_BYTES = 2 ** 28;

export interface TextAnswerOptions {
  readonly onDelta: (delta: TextDelta) => void;
  /** For stop sequences that the upstream was not given. */
  readonly scanner: StopScanner | undefined;
  readonly topCount: number | undefined;
  /** Keeps the text, to count its tokens. */
  readonly keepsText: boolean;
  /** The answer may be one object instead of a stream. */
  readonly mayBeWhole: boolean;
}

/** A whole text. */
export interface FinishedText {
  readonly finishReason: FinishReason;
  /** The upstream's count; undefined when it gave none, or when the text was cut here. */
  readonly usage: Usage | undefined;
  /** Empty unless it was to be kept. */
  readonly text: string;
}

/** Takes an upstream's stream and hands on the text of each of its chunks at once. */
export class TextAnswer implements Receiver {
  readonly #options: TextAnswerOptions;
  readonly #events = new SseReader(EVENT_LIMIT_BYTES);
  readonly #parts: Buffer[] = [];
  #status = 0;
  #isStream = false;
  #bytes = 0;
  #isDone = false;
  #hasText = false;
  #finishReason: FinishReason | undefined;
  #usage: Usage | undefined;
  #text = '';
  /** Tokens whose text the scanner may still hold. */
  #heldTokens: TokenLogprob[] = [];
  #freeChars = 0;

  constructor(options: TextAnswerOptions) {
    this.#options = options;
  }

  onHead(status: number, contentType: string): void {
    this.#status = status;
    this.#isStream = status === 200 && contentType.startsWith('text/event-stream');
  }

  onData(chunk: Buffer): boolean {
    this.#bytes += chunk.length;
    if (!this.#isStream) {
      // what is beyond the limit is left unread
      this.#parts.push(chunk);
      return this.#bytes > (this.#isWhole ? WHOLE_LIMIT_BYTES : REFUSAL_LIMIT_BYTES);
    }
    if (this.#bytes > STREAM_LIMIT_BYTES) {
      throw new GenfleetError('engine_failed', `engine sent more than ${STREAM_LIMIT_BYTES} bytes`);
    }
    for (const data of this.#events.push(chunk)) this.#take(data);
    return this.#options.scanner?.stopped ?? false;
  }

  /**
   * The exchange is over: the text, if it is whole.
   * @throws GenfleetError for a refusal, and `engine_failed` for an answer that does not end as one.
   */
  finish(): FinishedText {
    const { scanner } = this.#options;
    if (this.#isWhole) return this.#wholeText();
    if (!this.#isStream) throw this.#refusal();
    if (scanner?.stopped) return { finishReason: 'stop', usage: undefined, text: this.#text };
    for (const data of this.#events.end()) this.#take(data);
    if (!this.#isDone || this.#finishReason === undefined) {
      throw new GenfleetError(
        'engine_failed',
        'engine broke off its answer: the stream ended without its end',
      );
    }
    if (scanner) this.#deliver(scanner.end(), []);
    return { finishReason: this.#finishReason, usage: this.#usage, text: this.#text };
  }

  get #isWhole(): boolean {
    return this.#options.mayBeWhole && this.#status === 200 && !this.#isStream;
  }

  #wholeText(): FinishedText {
    const chunk = readChunk(Buffer.concat(this.#parts).toString('utf8'), this.#options.topCount);
    if (chunk.finishReason === undefined) {
      throw new GenfleetError('engine_failed', 'engine gave an answer that is no whole text');
    }
    this.#checkTokens(chunk);
    const { scanner } = this.#options;
    this.#deliver(scanner ? scanner.push(chunk.text) : chunk.text, chunk.tokens);
    if (scanner?.stopped) return { finishReason: 'stop', usage: undefined, text: this.#text };
    if (scanner) this.#deliver(scanner.end(), []);
    return { finishReason: chunk.finishReason, usage: chunk.usage, text: this.#text };
  }

  #take(data: string): void {
    // servers may send remarks of their own after the end
    if (this.#isDone || this.#options.scanner?.stopped) return;
    if (data === '[DONE]') {
      this.#isDone = true;
      return;
    }
    const chunk = readChunk(data, this.#options.topCount);
    this.#checkTokens(chunk);
    if (chunk.usage) this.#usage = chunk.usage;
    if (this.#finishReason === undefined) this.#finishReason = chunk.finishReason;
    const { scanner } = this.#options;
    this.#deliver(scanner ? scanner.push(chunk.text) : chunk.text, chunk.tokens);
  }

  /** Some servers, and proxies before others, take the field and leave it at that: said before any text is out. */
  #checkTokens({ text, tokens }: Chunk): void {
    if (this.#hasText || text === '') return;
    this.#hasText = true;
    if (tokens?.length === 0) {
      throw new GenfleetError('invalid_settings', 'logprobs are not reported by the server of this model');
    }
  }

  #deliver(text: string, tokens: readonly TokenLogprob[] | undefined): void {
    const freed = tokens && this.#options.scanner ? this.#freed(text, tokens) : tokens;
    if (text === '' && (freed?.length ?? 0) === 0) return;
    if (this.#options.keepsText) this.#text += text;
    this.#options.onDelta(freed === undefined ? { text } : { text, tokens: freed });
  }

  /** Of the tokens so far, those whose text has been let out. */
  #freed(text: string, tokens: readonly TokenLogprob[]): readonly TokenLogprob[] {
    this.#heldTokens.push(...tokens);
    this.#freeChars += text.length;
    let count = 0;
    for (const token of this.#heldTokens) {
      if (token.text.length > this.#freeChars) break;
      this.#freeChars -= token.text.length;
      count += 1;
    }
    return this.#heldTokens.splice(0, count);
  }

  #refusal(): GenfleetError {
    const body = parseJson(Buffer.concat(this.#parts).toString('utf8'));
    if (this.#status !== 200) return refusal(this.#status, body);
    if (typeof body === 'object' && body !== null && 'error' in body) return refusal(undefined, body);
    return new GenfleetError('engine_failed', 'engine did not answer with a stream of events');
  }
}
