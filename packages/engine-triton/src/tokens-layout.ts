import { GenfleetError } from '@genfleet/job';
import { IncrementalDecoder, type Tokenizer } from '@genfleet/models';
import type { AnswerReader, Layout, Piece } from './layout.ts';
import type { InferResponse } from './messages.ts';
import { RequestInputs } from './model-shape.ts';
import type { TokensOptions } from './options.ts';
import { numbersOf } from './outputs.ts';
import type { Plan } from './plan.ts';
import { needInput, needOutput, sampleByTensors } from './sampling.ts';

/** Token ids in, token ids out, one beam. */
export function tokensLayout(
  options: TokensOptions,
  isStream: boolean,
  tokenizer: Tokenizer,
  randomSeed: () => number,
): Layout {
  return {
    request(plan, shape) {
      const { inputs: names, outputs, end_id, pad_id = end_id } = options;
      // a text from nothing begins with what stands between two texts
      const ids = plan.promptIds.length > 0 ? plan.promptIds : [end_id];
      const inputs = new RequestInputs(shape);
      needInput(inputs, names.ids);
      inputs.numbers(names.ids, ids);
      inputs.numbers(names.lengths, [ids.length]);
      sampleByTensors(inputs, names, plan, randomSeed);
      inputs.numbers(names.beam_width, [1]);
      inputs.numbers(names.start_id, [end_id]);
      inputs.numbers(names.end_id, [end_id]);
      inputs.numbers(names.pad_id, [pad_id]);
      inputs.numbers(names.stream, [Number(isStream)]);
      // a stream is cut off at a stop sequence; who answers once had better know them
      const words = isStream ? [] : plan.stops.map((stop) => tokenizer.encode(stop));
      const list = stopWordsList(words);
      if (list.length > 0) inputs.numbers(names.stop, list, [2, list.length / 2]);
      needOutput(shape, outputs.ids);
      const wanted = [outputs.ids, outputs.lengths].filter((name) => shape.outputs.has(name));
      return { ...inputs.build(), outputs: wanted.map((name) => ({ name })) };
    },
    reader: (plan) => new TokensReader(options, isStream, tokenizer, plan),
  };
}

/**
 * FasterTransformer's list of words: the ids of all in one row, below it where each ends, filled up with -1.
 * Words without ids are left out.
 */
export function stopWordsList(words: readonly (readonly number[])[]): number[] {
  const present = words.filter((ids) => ids.length > 0);
  const ids = present.flat();
  let end = 0;
  const ends = present.map((word) => {
    end += word.length;
    return end;
  });
  return [...ids, ...ends, ...Array<number>(ids.length - ends.length).fill(-1)];
}

class TokensReader implements AnswerReader {
  readonly #options: TokensOptions;
  /** Each answer holds only what is new. FasterTransformer sends the whole row each time. */
  readonly #isDelta: boolean;
  readonly #decoder: IncrementalDecoder;
  /** Ids of the row that are not to be read: the prompt's, and with cumulative answers those read before. */
  #skip: number;
  #isOver = false;

  constructor(options: TokensOptions, isStream: boolean, tokenizer: Tokenizer, plan: Plan) {
    this.#options = options;
    this.#isDelta = isStream && options.answers === 'delta';
    this.#decoder = new IncrementalDecoder(tokenizer);
    const { output_includes_prompt = !this.#isDelta } = options;
    this.#skip = output_includes_prompt ? Math.max(1, plan.promptIds.length) : 0;
  }

  /** Token by token, so that the text ends at the one that completes a stop sequence. */
  *read(response: InferResponse): Generator<Piece, void, undefined> {
    const row = this.#row(response);
    const fresh = row.slice(this.#skip);
    this.#skip = this.#isDelta ? Math.max(0, this.#skip - row.length) : Math.max(this.#skip, row.length);
    for (const id of fresh) {
      if (this.#isOver) return;
      this.#isOver = id === this.#options.end_id;
      if (this.#isOver) yield { text: '', finish: 'stop' };
      else yield { text: this.#decoder.push([id]), tokens: 1 };
    }
  }

  end(): Piece[] {
    const text = this.#decoder.end();
    return text === '' ? [] : [{ text }];
  }

  /** The first beam, up to where it is filled up. */
  #row(response: InferResponse): number[] {
    const { ids, lengths } = this.#options.outputs;
    const row = numbersOf(response, ids);
    if (!row) return [];
    const length = this.#isDelta ? row.length : (numbersOf(response, lengths)?.[0] ?? row.length);
    if (length <= row.length) return row.slice(0, length);
    throw new GenfleetError('engine_failed', `tensor ${ids} has ${row.length} ids of ${length}`);
  }
}
