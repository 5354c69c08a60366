import { readFile } from 'node:fs/promises';
import { GenfleetError } from '@genfleet/job';
import { Tokenizer as HuggingFaceTokenizer } from '@huggingface/tokenizers';

/** A model's own tokenizer. */
export interface Tokenizer {
  /** Ids of the text, special tokens in it included, none added. */
  encode(text: string): number[];
  /** Text of the ids; special tokens are left out. Half a character at the end comes out as U+FFFD. */
  decode(ids: readonly number[]): string;
}

/**
 * Reads a `tokenizer.json` of the Hugging Face tokenizers format.
 * @throws GenfleetError `invalid_configuration` when it can't be read.
 */
export async function loadTokenizer(file: string): Promise<Tokenizer> {
  try {
    const tokenizer = new HuggingFaceTokenizer(JSON.parse(await readFile(file, 'utf8')), {});
    return {
      encode: (text) => [...tokenizer.encode(text, { add_special_tokens: false }).ids],
      decode: (ids) =>
        ids.length === 0
          ? ''
          : tokenizer.decode([...ids], { skip_special_tokens: true, clean_up_tokenization_spaces: false }),
    };
  } catch (cause) {
    throw new GenfleetError('invalid_configuration', `tokenizer ${file}: ${String(cause)}`, { cause });
  }
}

/** How many ids are decoded together with a new one: a character takes at most four bytes, a token at least one. */
const CONTEXT_IDS = 8;
const INCOMPLETE = '\ufffd';

/** Turns ids that come one by one into text, and holds back a character until all its bytes are there. */
export class IncrementalDecoder {
  readonly #tokenizer: Pick<Tokenizer, 'decode'>;
  #ids: number[] = [];
  /** Of `#ids`, how many were given out; some stay, since tokenizers may treat a first token otherwise. */
  #given = 0;

  constructor(tokenizer: Pick<Tokenizer, 'decode'>) {
    this.#tokenizer = tokenizer;
  }

  /** The text that these ids add. */
  push(ids: readonly number[]): string {
    this.#ids.push(...ids);
    const text = this.#fresh();
    // a byte sequence that is no character stays one, however many bytes follow
    if (text.endsWith(INCOMPLETE) && this.#ids.length - this.#given < CONTEXT_IDS) return '';
    this.#ids = this.#ids.slice(-CONTEXT_IDS);
    this.#given = this.#ids.length;
    return text;
  }

  /** What was held back. */
  end(): string {
    const text = this.#fresh();
    this.#given = this.#ids.length;
    return text;
  }

  #fresh(): string {
    const before = this.#tokenizer.decode(this.#ids.slice(0, this.#given));
    return this.#tokenizer.decode(this.#ids).slice(before.length);
  }
}
