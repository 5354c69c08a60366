import {
  loadPackageDefinition,
  type Metadata,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerUnaryCall,
  type sendUnaryData,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { fromJSON } from '@grpc/proto-loader';
import { DESCRIPTORS } from '../src/descriptors.ts';
import type { InferRequest, InferResponse, ModelConfig, StreamResponse } from '../src/messages.ts';
import { encodeTexts } from '../src/tensors.ts';

export type Answer = Omit<InferResponse, 'parameters'> & { parameters?: InferResponse['parameters'] };
type Message = { error_message?: StreamResponse['error_message']; infer_response?: Answer };
type Stream = ServerDuplexStream<InferRequest, Message>;

/** A Triton that misbehaves as told, for what a real one can't be brought to do. Its models have `text_input` alone. */
export class FakeTriton {
  readonly #server = new Server();
  readonly requests: { readonly request: InferRequest; readonly metadata: Metadata }[] = [];
  isDecoupled = true;
  onInfer: (request: InferRequest, answer: sendUnaryData<Answer>) => void = () => undefined;
  onStream: (call: Stream, request: InferRequest) => void = () => undefined;

  async listen(): Promise<string> {
    const definition = fromJSON(DESCRIPTORS as Parameters<typeof fromJSON>[0], {
      keepCase: true,
      longs: Number,
    });
    const { inference } = loadPackageDefinition(definition) as unknown as {
      inference: { GRPCInferenceService: { service: Parameters<Server['addService']>[0] } };
    };
    this.#server.addService(inference.GRPCInferenceService.service, this.#methods());
    const port = await new Promise<number>((resolve, reject) =>
      this.#server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
        error ? reject(error) : resolve(bound),
      ),
    );
    return `triton://127.0.0.1:${port}`;
  }

  close(): void {
    this.#server.forceShutdown();
  }

  #methods(): UntypedServiceImplementation {
    type Callback = sendUnaryData<unknown>;
    const ready = (_: unknown, answer: Callback) => answer(null, { live: true, ready: true });
    return {
      ServerLive: ready,
      ServerReady: ready,
      ModelReady: ready,
      ModelConfig: (_: unknown, answer: Callback) => answer(null, { config: this.#config() }),
      ModelInfer: (call: ServerUnaryCall<InferRequest, Answer>, answer: sendUnaryData<Answer>) => {
        this.requests.push({ request: call.request, metadata: call.metadata });
        this.onInfer(call.request, answer);
      },
      ModelStreamInfer: (call: Stream) => {
        call.on('error', () => undefined);
        call.on('data', (request: InferRequest) => {
          this.requests.push({ request, metadata: call.metadata });
          this.onStream(call, request);
        });
      },
    } as unknown as UntypedServiceImplementation;
  }

  #config(): Omit<ModelConfig, 'parameters'> {
    const tensor = (name: string, data_type: string) => ({ name, data_type, dims: [1], optional: true });
    return {
      max_batch_size: 0,
      input: [tensor('text_input', 'TYPE_STRING'), tensor('sampling_parameters', 'TYPE_STRING')],
      output: [tensor('text_output', 'TYPE_STRING'), tensor('num_output_tokens', 'TYPE_UINT32')],
      model_transaction_policy: { decoupled: this.isDecoupled },
    };
  }
}

/** An answer with a text. */
export function saying(text: string, isFinal = false): Answer {
  return {
    outputs: [{ name: 'text_output', datatype: 'BYTES', shape: [1] }],
    raw_output_contents: [encodeTexts([text])],
    parameters: { triton_final_response: { bool_param: isFinal } },
  };
}
