/** Vocabulary and merges as CLIP's byte-pair tokenizer has them, and how many tokens the text encoder takes. */
export interface TokenizerFile {
  readonly vocab: Readonly<Record<string, number>>;
  /** `"a b"`: join a and b; earlier ones first. */
  readonly merges: readonly string[];
  readonly model_max_length: number;
}

const START = '<|startoftext|>';
const END = '<|endoftext|>';
const WORD_END = '</w>';
/** CLIP's pre-tokenizer: contractions, runs of letters, single digits, runs of anything else. */
const PIECES = /'s|'t|'re|'ve|'m|'ll|'d|\p{L}+|\p{N}|[^\s\p{L}\p{N}]+/gu;
/** Words remembered; prompts repeat theirs. */
const KNOWN_WORDS = 10_000;

/** CLIP's tokenizer (Radford et al. 2021): lower case, byte-level pairs, padded with the end token. */
export class Tokenizer {
  readonly #file: TokenizerFile;
  readonly #ranks: ReadonlyMap<string, number>;
  readonly #words = new Map<string, readonly number[]>();
  readonly #symbols = byteSymbols();

  constructor(file: TokenizerFile) {
    this.#file = file;
    this.#ranks = new Map(file.merges.map((merge, rank) => [merge, rank]));
  }

  /** Exactly `model_max_length` token ids; what does not fit is cut off. */
  encode(text: string): number[] {
    const { model_max_length: length } = this.#file;
    const ids = [this.#id(START)];
    const clean = text.normalize('NFC').replace(/\s+/g, ' ').trim().toLowerCase();
    for (const [word] of clean.matchAll(PIECES)) {
      if (ids.length >= length) break;
      ids.push(...this.#word(word));
    }
    const kept = ids.slice(0, length - 1);
    return [...kept, ...Array<number>(length - kept.length).fill(this.#id(END))];
  }

  #id(token: string): number {
    return this.#file.vocab[token] ?? this.#file.vocab[END] ?? 0;
  }

  #word(word: string): readonly number[] {
    const known = this.#words.get(word);
    if (known) return known;
    const ids = this.#split(word).map((piece) => this.#id(piece));
    if (this.#words.size < KNOWN_WORDS) this.#words.set(word, ids);
    return ids;
  }

  /** Joins the pair of the lowest rank, everywhere, until no pair has one. */
  #split(word: string): string[] {
    let pieces = [...Buffer.from(word, 'utf8')].map((byte) => this.#symbols[byte] ?? '');
    pieces.push((pieces.pop() ?? '') + WORD_END);
    for (;;) {
      let best = Number.POSITIVE_INFINITY;
      for (let i = 0; i + 1 < pieces.length; i += 1) {
        best = Math.min(best, this.#ranks.get(`${pieces[i]} ${pieces[i + 1]}`) ?? Number.POSITIVE_INFINITY);
      }
      if (best === Number.POSITIVE_INFINITY) return pieces;
      pieces = this.#joined(pieces, best);
    }
  }

  #joined(pieces: readonly string[], rank: number): string[] {
    const joined: string[] = [];
    for (let i = 0; i < pieces.length; i += 1) {
      const isPair = i + 1 < pieces.length && this.#ranks.get(`${pieces[i]} ${pieces[i + 1]}`) === rank;
      joined.push(isPair ? `${pieces[i]}${pieces[i + 1]}` : (pieces[i] ?? ''));
      if (isPair) i += 1;
    }
    return joined;
  }
}

/** The printable characters that stand for the 256 bytes, as GPT-2 and CLIP have them. */
function byteSymbols(): readonly string[] {
  const isPlain = (byte: number) =>
    (byte >= 33 && byte < 127) || (byte >= 161 && byte < 173) || (byte >= 174 && byte < 256);
  let spare = 256;
  return Array.from({ length: 256 }, (_, byte) => String.fromCharCode(isPlain(byte) ? byte : spare++));
}
