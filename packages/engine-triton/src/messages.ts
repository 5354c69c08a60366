/** What of Triton's messages the engine reads and writes, as `descriptors.ts` has them. */

/** Raw data stands beside the tensors, in their order (`raw_input_contents`). */
export interface TensorHeader {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly number[];
}

export interface InferRequest {
  readonly model_name: string;
  readonly model_version: string;
  readonly id: string;
  readonly inputs: readonly TensorHeader[];
  readonly outputs: readonly { readonly name: string }[];
  readonly raw_input_contents: readonly Buffer[];
  readonly parameters?: { readonly [name: string]: { readonly bool_param: boolean } };
}

export interface InferResponse {
  readonly outputs: readonly TensorHeader[];
  readonly raw_output_contents: readonly Buffer[];
  readonly parameters: { readonly [name: string]: { readonly bool_param?: boolean } | undefined };
}

/** One message of `ModelStreamInfer`: an error, or a response. */
export interface StreamResponse {
  readonly error_message: string;
  readonly infer_response: InferResponse | null;
}

interface TensorConfig {
  readonly name: string;
  /** `TYPE_UINT32`; texts are `TYPE_STRING`. */
  readonly data_type: string;
  readonly dims: readonly number[];
  readonly optional?: boolean;
}

export interface ModelConfig {
  /** More than 0: every tensor has a dimension of the batch in front. */
  readonly max_batch_size: number;
  readonly input: readonly TensorConfig[];
  readonly output: readonly TensorConfig[];
  readonly parameters: { readonly [name: string]: { readonly string_value: string } | undefined };
  readonly model_transaction_policy: { readonly decoupled: boolean } | null;
}
