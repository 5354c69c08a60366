import type { TextDelta } from '@genfleet/engine';
import type { TokenLogprob } from '@genfleet/job';
import { IncrementalDecoder, StopScanner, type Tokenizer } from '@genfleet/models';

export type Score = Omit<TokenLogprob, 'text'>;

/**
 * Turns tokens that come one by one into pieces of text: whole characters, nothing of a stop sequence, and with
 * scores only whole tokens, so that the tokens of a piece make up its text.
 */
export class TextOutput {
  readonly #decoder: IncrementalDecoder;
  readonly #scanner: StopScanner;
  /** Scored tokens whose text is not all out yet, and how much text is free to go. */
  #held: TokenLogprob[] = [];
  #free = '';

  constructor(tokenizer: Pick<Tokenizer, 'decode'>, stops: readonly string[]) {
    this.#decoder = new IncrementalDecoder(tokenizer);
    this.#scanner = new StopScanner(stops);
  }

  /** True once a stop sequence was seen. */
  get stopped(): boolean {
    return this.#scanner.stopped;
  }

  /** @returns what can be sent now, if anything. With a score for one token there is one for each. */
  push(id: number, score: Score | undefined): TextDelta | undefined {
    const text = this.#decoder.push([id]);
    this.#free += this.#scanner.push(text);
    if (!score) return this.#unscored();
    this.#held.push({ text, ...score });
    return this.#scored();
  }

  /** The text is over. @returns what was held back. */
  end(): TextDelta | undefined {
    const text = this.#decoder.end();
    this.#free += this.#scanner.push(text) + this.#scanner.end();
    const last = this.#held.at(-1);
    if (!last) return this.#unscored();
    this.#held = [...this.#held.slice(0, -1), { ...last, text: last.text + text }];
    return this.#scored(true);
  }

  #unscored(): TextDelta | undefined {
    const text = this.#free;
    this.#free = '';
    return text === '' ? undefined : { text };
  }

  /** `isEnd`: a token that a stop sequence begins in the middle of goes out as far as it is free. */
  #scored(isEnd = false): TextDelta | undefined {
    const tokens: TokenLogprob[] = [];
    let left = this.#free;
    for (const token of this.#held) {
      const isWhole = left.startsWith(token.text) && (token.text !== '' || left !== '');
      if (!isWhole && !(isEnd && left !== '')) break;
      const text = isWhole ? token.text : left;
      tokens.push({ ...token, text });
      left = left.slice(text.length);
    }
    if (tokens.length === 0) return undefined;
    const text = this.#free.slice(0, this.#free.length - left.length);
    this.#free = left;
    this.#held = this.#held.slice(tokens.length);
    return { text, tokens };
  }
}
