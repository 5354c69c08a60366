import type { TextDelta } from '@genfleet/engine';
import { type FinishReason, GenfleetError } from '@genfleet/job';
import { StopScanner, type Tokenizer } from '@genfleet/models';
import type { Piece } from './layout.ts';
import type { Plan } from './plan.ts';

/** The longest tokens are runs of blanks; a model that writes more than this for each has lost count. */
const CHARS_PER_TOKEN = 512;

/** One text on its way out: cut at stop sequences and at its length, counted. */
export class TextWriter {
  readonly #plan: Plan;
  readonly #tokenizer: Tokenizer;
  readonly #onDelta: (delta: TextDelta) => void;
  readonly #scanner: StopScanner;
  #text = '';
  #chars = 0;
  /** As the model counts; undefined as long as it has not said. */
  #counted: number | undefined;
  #finish: FinishReason | undefined;

  constructor(plan: Plan, tokenizer: Tokenizer, onDelta: (delta: TextDelta) => void) {
    this.#plan = plan;
    this.#tokenizer = tokenizer;
    this.#onDelta = onDelta;
    this.#scanner = new StopScanner(plan.stops);
  }

  /** Gives out the prompt where it is to be echoed. */
  begin(): void {
    if (this.#plan.echo !== '') this.#onDelta({ text: this.#plan.echo });
  }

  /**
   * @returns whether the text is over, whatever else may come.
   * @throws GenfleetError `engine_failed` for a model that writes without end.
   */
  take({ text, tokens, finish }: Piece): boolean {
    const { maxTokens } = this.#plan;
    if (tokens !== undefined) {
      const before = this.#counted ?? 0;
      if (tokens > 0 && before >= maxTokens) {
        this.#finish = 'length';
        return true;
      }
      this.#counted = before + tokens;
    }
    this.#finish ??= finish;
    this.#chars += text.length;
    if (this.#chars > (maxTokens + 1) * CHARS_PER_TOKEN) {
      const message = `the model wrote ${this.#chars} characters where at most ${maxTokens} tokens were asked for`;
      throw new GenfleetError('engine_failed', message);
    }
    this.#give(this.#scanner.push(text));
    return this.#scanner.stopped;
  }

  /** What came is all there is. */
  end(): { readonly finishReason: FinishReason; readonly completionTokens: number } {
    const { maxTokens } = this.#plan;
    this.#give(this.#scanner.end());
    const counted = this.#counted ?? this.#tokenizer.encode(this.#text).length;
    const byCount = counted >= maxTokens ? 'length' : 'stop';
    return {
      finishReason: this.#scanner.stopped ? 'stop' : (this.#finish ?? byCount),
      completionTokens: Math.min(counted, maxTokens),
    };
  }

  #give(text: string): void {
    if (text === '') return;
    if (this.#counted === undefined) this.#text += text;
    else this.#text = '';
    this.#onDelta({ text });
  }
}
