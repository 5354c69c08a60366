import { GenfleetError } from '@genfleet/job';
import type { InferRequest, ModelConfig } from './messages.ts';
import { encodeNumbers, encodeTexts, type TensorSpec } from './tensors.ts';

/** What Triton says of a model: its tensors, and whether one request has many answers. */
export interface ModelShape {
  /** Answers come as a stream (`ModelStreamInfer`), any number to a request. */
  readonly decoupled: boolean;
  /** Whether tensors have a dimension of the batch in front. */
  readonly batched: boolean;
  /** A parameter `demo` of its configuration: said plainly wherever the model is shown. */
  readonly demo: boolean;
  readonly inputs: ReadonlyMap<string, TensorSpec>;
  readonly outputs: ReadonlyMap<string, TensorSpec>;
}

export function shapeOf(config: ModelConfig): ModelShape {
  const tensors = (list: ModelConfig['input']) =>
    new Map(
      list.map(({ name, data_type, dims, optional = false }) => [
        name,
        { name, datatype: datatypeOf(data_type), dims, optional },
      ]),
    );
  return {
    decoupled: config.model_transaction_policy?.decoupled ?? false,
    batched: config.max_batch_size > 0,
    demo: config.parameters['demo']?.string_value === 'true',
    inputs: tensors(config.input),
    outputs: tensors(config.output),
  };
}

/** `TYPE_UINT32` of a configuration is `UINT32` in a request; `TYPE_STRING` is `BYTES`. */
function datatypeOf(type: string): string {
  return type === 'TYPE_STRING' ? 'BYTES' : type.replace(/^TYPE_/, '');
}

/** The tensors of one request, by the names that the model knows. */
export class RequestInputs {
  readonly #shape: ModelShape;
  readonly #inputs: { spec: TensorSpec; dims: readonly number[]; bytes: Buffer }[] = [];

  constructor(shape: ModelShape) {
    this.#shape = shape;
  }

  has(name: string): boolean {
    return this.#shape.inputs.has(name);
  }

  spec(name: string): TensorSpec | undefined {
    return this.#shape.inputs.get(name);
  }

  /** Left out where the model has no such tensor. `dims`, without the batch, only where there is more than a row. */
  numbers(name: string, values: readonly number[], dims?: readonly number[]): void {
    const spec = this.spec(name);
    if (spec) this.#add(spec, dims ?? row(spec, values.length), encodeNumbers(spec, values));
  }

  texts(name: string, values: readonly string[]): void {
    const spec = this.spec(name);
    if (spec) this.#add(spec, row(spec, values.length), encodeTexts(values));
  }

  #add(spec: TensorSpec, dims: readonly number[], bytes: Buffer): void {
    this.#inputs.push({ spec, dims: this.#shape.batched ? [1, ...dims] : dims, bytes });
  }

  /** @throws GenfleetError `invalid_configuration` when the model wants a tensor that was not given, naming it. */
  build(): Pick<InferRequest, 'inputs' | 'raw_input_contents'> {
    const given = new Set(this.#inputs.map(({ spec }) => spec.name));
    const wanted = [...this.#shape.inputs.values()].filter((spec) => !spec.optional && !given.has(spec.name));
    if (wanted.length > 0) {
      const names = wanted.map(({ name }) => name).join(', ');
      const message = `the model in Triton wants tensors that its options do not name: ${names}`;
      throw new GenfleetError('invalid_configuration', message);
    }
    return {
      inputs: this.#inputs.map(({ spec, dims }) => ({
        name: spec.name,
        datatype: spec.datatype,
        shape: dims,
      })),
      raw_input_contents: this.#inputs.map(({ bytes }) => bytes),
    };
  }
}

/** Dimensions of `count` values in a row, with as many ones in front as the tensor has dimensions. */
function row(spec: TensorSpec, count: number): readonly number[] {
  return spec.dims.map((_, index) => (index === spec.dims.length - 1 ? count : 1));
}
