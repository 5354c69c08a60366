import { GenfleetError } from '@genfleet/job';
import {
  type CallOptions,
  type ClientDuplexStream,
  type ClientUnaryCall,
  credentials,
  loadPackageDefinition,
  Metadata,
  type ServiceError,
  status,
} from '@grpc/grpc-js';
import { fromJSON } from '@grpc/proto-loader';
import { DESCRIPTORS } from './descriptors.ts';
import { faultOf } from './faults.ts';
import type { InferRequest, InferResponse, ModelConfig, StreamResponse } from './messages.ts';

/** A prompt is at most 120,000 characters and an answer 32,768 tokens; both with an order of magnitude to spare. */
const MESSAGE_LIMIT_BYTES = 8 * 2 ** 20;
/** A restarted Triton is found again within this time. */
const RECONNECT_MS = { first: 200, longest: 2_000 };
/** Triton as it comes closes connections that ping more often than every 300 s while nothing else is said. */
const KEEPALIVE = { everyMs: 310_000, answerWithinMs: 10_000 };

/** One call for a log: what, of which model, how it ended. Prompts and texts are never in it. */
export interface TritonCall {
  readonly method: string;
  readonly model: string;
  /** Name of the gRPC status: `OK`, `UNAVAILABLE`. */
  readonly status: string;
  readonly durationMs: number;
}

export interface CallLimits {
  readonly signal: AbortSignal;
  /** For the whole call. */
  readonly timeoutMs: number;
  readonly traceparent?: string | undefined;
}

type Unary = (
  request: object,
  metadata: Metadata,
  options: CallOptions,
  callback: (error: ServiceError | null, answer: unknown) => void,
) => ClientUnaryCall;

interface Stub {
  readonly ServerLive: Unary;
  readonly ServerReady: Unary;
  readonly ModelReady: Unary;
  readonly ModelConfig: Unary;
  readonly ModelInfer: Unary;
  readonly ModelStreamInfer: (
    metadata: Metadata,
    options: CallOptions,
  ) => ClientDuplexStream<InferRequest, StreamResponse>;
  close(): void;
}

type UnaryMethod = Exclude<keyof Stub, 'close' | 'ModelStreamInfer'>;

/** Triton's gRPC service over one connection, which is made on the first call and again when it was lost. */
export class TritonClient {
  readonly #address: string;
  readonly #onCall: ((call: TritonCall) => void) | undefined;
  #stub: Stub;
  #isClosed = false;

  /** `address` is `host:port`. */
  constructor(address: string, onCall?: (call: TritonCall) => void) {
    this.#address = address;
    this.#onCall = onCall;
    this.#stub = connect(address);
  }

  async isLive(limits: CallLimits): Promise<boolean> {
    return (await this.#call<{ live: boolean }>('ServerLive', {}, '', limits)).live;
  }

  /** Whether it is through with loading its models. */
  async isReady(limits: CallLimits): Promise<boolean> {
    return (await this.#call<{ ready: boolean }>('ServerReady', {}, '', limits)).ready;
  }

  async isModelReady(name: string, version: string, limits: CallLimits): Promise<boolean> {
    return (await this.#call<{ ready: boolean }>('ModelReady', { name, version }, name, limits)).ready;
  }

  /** @throws GenfleetError `model_not_found` for one that is not loaded. */
  async modelConfig(name: string, version: string, limits: CallLimits): Promise<ModelConfig> {
    const answer = await this.#call<{ config: ModelConfig | null }>(
      'ModelConfig',
      { name, version },
      name,
      limits,
    );
    if (answer.config) return answer.config;
    throw new GenfleetError('engine_failed', `Triton gave no configuration of ${name}`);
  }

  async infer(request: InferRequest, limits: CallLimits): Promise<InferResponse> {
    return this.#call<InferResponse>('ModelInfer', request, request.model_name, limits);
  }

  /**
   * The messages about one request, in order. Leaving the loop or aborting the signal ends the call, and with it
   * what Triton does for it. Read one by one: while nobody asks for the next, the connection's window fills.
   */
  async *stream(request: InferRequest, limits: CallLimits): AsyncGenerator<StreamResponse, void, undefined> {
    const { signal, timeoutMs, traceparent } = limits;
    const startMs = performance.now();
    const metadata = metadataOf(traceparent);
    // the status of an error instead of its text alone
    metadata.set('triton_grpc_error', 'true');
    const call = this.#stub.ModelStreamInfer(metadata, { deadline: Date.now() + timeoutMs });
    let ended: number = status.CANCELLED;
    call.on('status', ({ code }) => {
      ended = code;
    });
    // after the loop was left nobody listens any more, and Node ends a process for an error nobody hears
    call.on('error', () => undefined);
    const stopListening = onAbort(signal, () => call.cancel());
    try {
      call.write(request);
      call.end();
      for await (const message of call) yield message as StreamResponse;
    } catch (thrown) {
      throw signal.aborted ? signal.reason : faultOf(thrown);
    } finally {
      stopListening();
      call.cancel();
      this.#report('ModelStreamInfer', request.model_name, ended, startMs);
    }
  }

  close(): void {
    this.#isClosed = true;
    this.#stub.close();
  }

  #call<T>(method: UnaryMethod, request: object, model: string, limits: CallLimits): Promise<T> {
    const { signal, timeoutMs, traceparent } = limits;
    const startMs = performance.now();
    return new Promise<T>((resolve, reject) => {
      if (signal.aborted) {
        reject(signal.reason);
        return;
      }
      const options = { deadline: Date.now() + timeoutMs };
      const stub = this.#stub;
      const call = stub[method](request, metadataOf(traceparent), options, (error, answer) => {
        stopListening();
        this.#report(method, model, error?.code ?? status.OK, startMs);
        if (!error) resolve(answer as T);
        else if (signal.aborted) reject(signal.reason);
        else if (error.code === status.DEADLINE_EXCEEDED && method !== 'ModelInfer') {
          // texts may take their time, but who is silent about their health may be gone without a word
          this.#reconnect(stub);
          reject(new GenfleetError('engine_unreachable', `no answer to ${method} for ${timeoutMs} ms`));
        } else reject(faultOf(error));
      });
      const stopListening = onAbort(signal, () => call.cancel());
    });
  }

  /** The old connection ends with the last call on it. */
  #reconnect(silent: Stub): void {
    if (silent !== this.#stub || this.#isClosed) return;
    silent.close();
    this.#stub = connect(this.#address);
  }

  #report(method: string, model: string, code: number, startMs: number): void {
    const durationMs = Math.round(performance.now() - startMs);
    this.#onCall?.({ method, model, status: status[code] ?? String(code), durationMs });
  }
}

function connect(address: string): Stub {
  const definition = fromJSON(DESCRIPTORS as Parameters<typeof fromJSON>[0], {
    ...{ keepCase: true, longs: Number, enums: String, defaults: true, arrays: true, objects: true },
  });
  const { inference } = loadPackageDefinition(definition) as unknown as {
    inference: { GRPCInferenceService: new (...args: unknown[]) => Stub };
  };
  return new inference.GRPCInferenceService(address, credentials.createInsecure(), {
    'grpc.max_receive_message_length': MESSAGE_LIMIT_BYTES,
    'grpc.max_send_message_length': MESSAGE_LIMIT_BYTES,
    'grpc.initial_reconnect_backoff_ms': RECONNECT_MS.first,
    'grpc.max_reconnect_backoff_ms': RECONNECT_MS.longest,
    'grpc.keepalive_time_ms': KEEPALIVE.everyMs,
    'grpc.keepalive_timeout_ms': KEEPALIVE.answerWithinMs,
    // a connection made anew is a new one, not the old one out of a pool
    'grpc.use_local_subchannel_pool': 1,
    // what was sent may have begun: whether it is tried again is not for the transport to say
    'grpc.enable_retries': 0,
  });
}

function metadataOf(traceparent: string | undefined): Metadata {
  const metadata = new Metadata();
  if (traceparent) metadata.set('traceparent', traceparent);
  return metadata;
}

function onAbort(signal: AbortSignal, listener: () => void): () => void {
  if (signal.aborted) listener();
  else signal.addEventListener('abort', listener, { once: true });
  return () => signal.removeEventListener('abort', listener);
}
