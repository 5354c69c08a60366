import type { FinishReason } from '@genfleet/job';
import { readsJson } from './features.ts';
import type { AnswerReader, Layout, Piece } from './layout.ts';
import type { InferResponse } from './messages.ts';
import { type ModelShape, RequestInputs } from './model-shape.ts';
import type { TextOptions } from './options.ts';
import { bytesOf, numbersOf } from './outputs.ts';
import type { Plan } from './plan.ts';
import { needInput, needOutput, sampleByTensors } from './sampling.ts';

/** Text in, text out. */
export function textLayout(options: TextOptions, isStream: boolean, randomSeed: () => number): Layout {
  return {
    request(plan, shape) {
      const inputs = new RequestInputs(shape);
      needInput(inputs, options.inputs.text);
      inputs.texts(options.inputs.text, [plan.prompt]);
      inputs.numbers(options.inputs.stream, [Number(isStream)]);
      inputs.numbers(options.inputs.exclude_prompt, [Number(!options.output_includes_prompt)]);
      inputs.numbers(options.inputs.return_finish_reason, [1]);
      inputs.numbers(options.inputs.return_token_count, [1]);
      // a stream is cut off at a stop sequence; who answers once had better know them
      const stops = isStream ? [] : plan.stops;
      if (readsJson(options, shape)) {
        inputs.texts(options.inputs.sampling_parameters, [samplingJson(plan, stops)]);
      } else {
        sampleByTensors(inputs, options.inputs, plan, randomSeed);
        if (stops.length > 0) inputs.texts(options.inputs.stop, stops);
      }
      needOutput(shape, options.outputs.text);
      return { ...inputs.build(), outputs: wantedOutputs(options, shape) };
    },
    reader: (plan) => new TextReader(options, isStream, plan),
  };
}

/** Only these are sent back: log probabilities and logits stay where they are. */
function wantedOutputs({ outputs }: TextOptions, shape: ModelShape): { name: string }[] {
  return [outputs.text, outputs.finish_reason, outputs.token_count]
    .filter((name) => shape.outputs.has(name))
    .map((name) => ({ name }));
}

/** By the names of vLLM's SamplingParams. */
function samplingJson(plan: Plan, stops: readonly string[]): string {
  return JSON.stringify({
    max_tokens: plan.maxTokens,
    temperature: plan.temperature,
    top_p: plan.topP,
    ...(plan.seed === undefined ? {} : { seed: plan.seed }),
    ...(plan.presencePenalty === 0 ? {} : { presence_penalty: plan.presencePenalty }),
    ...(plan.frequencyPenalty === 0 ? {} : { frequency_penalty: plan.frequencyPenalty }),
    // left in, so that it is seen here why the text ended
    ...(stops.length === 0 ? {} : { stop: stops, include_stop_str_in_output: true }),
  });
}

const INCOMPLETE = /\ufffd+$/;

class TextReader implements AnswerReader {
  readonly #options: TextOptions;
  readonly #isCumulative: boolean;
  /** A model may cut a character in two. */
  readonly #decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  /** Characters of the text that are not to be given: the prompt's, and with cumulative answers those given before. */
  #skip: number;
  #tokens = 0;
  #held = '';

  constructor(options: TextOptions, isStream: boolean, plan: Plan) {
    this.#options = options;
    this.#isCumulative = isStream && options.answers === 'cumulative';
    this.#skip = options.output_includes_prompt ? plan.prompt.length : 0;
  }

  read(response: InferResponse): Piece[] {
    const { outputs } = this.#options;
    const bytes = bytesOf(response, outputs.text)?.[0];
    const finish = finishOf(bytesOf(response, outputs.finish_reason)?.[0]?.toString('utf8'));
    const counted = numbersOf(response, outputs.token_count)?.[0];
    if (bytes === undefined && finish === undefined) return [];
    const text = bytes === undefined ? '' : this.#isCumulative ? this.#ofAll(bytes) : this.#ofNew(bytes);
    return [{ text, tokens: counted === undefined ? undefined : this.#freshTokens(counted), finish }];
  }

  end(): Piece[] {
    const text = this.#held + this.#decoder.decode();
    this.#held = '';
    return text === '' ? [] : [{ text }];
  }

  #ofNew(bytes: Buffer): string {
    const text = this.#decoder.decode(bytes, { stream: true });
    const fresh = text.slice(this.#skip);
    this.#skip = Math.max(0, this.#skip - text.length);
    return fresh;
  }

  #ofAll(bytes: Buffer): string {
    const all = bytes.toString('utf8');
    // half a character at the end will be another one next time
    const whole = all.replace(INCOMPLETE, '');
    const fresh = whole.slice(this.#skip);
    this.#skip = Math.max(this.#skip, whole.length);
    this.#held = all.slice(whole.length);
    return fresh;
  }

  #freshTokens(counted: number): number {
    if (!this.#isCumulative) return counted;
    const fresh = counted - this.#tokens;
    this.#tokens = counted;
    return fresh;
  }
}

/** vLLM writes Python's `None` while the text goes on. */
function finishOf(reason: string | undefined): FinishReason | undefined {
  return reason === 'stop' || reason === 'length' ? reason : undefined;
}
