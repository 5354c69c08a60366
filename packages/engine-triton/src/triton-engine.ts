import { randomInt } from 'node:crypto';
import type { TextEngine, TextResult, TextTask } from '@genfleet/engine';
import { GenfleetError, type ModelInfo } from '@genfleet/job';
import type { ModelSpec } from '@genfleet/models';
import { type CallLimits, type TritonCall, TritonClient } from './client.ts';
import { featuresOf } from './features.ts';
import { Gate } from './gate.ts';
import { generate } from './generate.ts';
import { LinkedAbort } from './linked-abort.ts';
import { type KnownModel, LoadedModels } from './loaded-models.ts';
import { tritonModels } from './options.ts';

export interface TritonEngineOptions {
  /** `triton://host:8001`: where Triton's gRPC service listens. */
  readonly url: string;
  /** Those of the file of models that Triton runs. */
  readonly models: readonly ModelSpec[];
  /** Texts that are generated at once. Default 32. */
  readonly maxConcurrentTexts?: number;
  /** For answers about health and models. Default 10 s. */
  readonly answerTimeoutMs?: number;
  /** Longest silence of a stream, and longest time for a text that comes in one answer. Default 120 s. */
  readonly textTimeoutMs?: number;
  /** Told of every call; for `TRITON_VERBOSITY`. */
  readonly verbose?: (call: TritonCall) => void;
  /** For requests without a seed, to models that would take a fixed one. */
  readonly randomSeed?: () => number;
}

const DEFAULTS = { maxConcurrentTexts: 32, answerTimeoutMs: 10_000, textTimeoutMs: 120_000 };
/** For each place, so many texts may wait for one. */
const WAITING_PER_PLACE = 4;
const LARGEST_SEED = 2 ** 31 - 1;

/**
 * The engine that drives Triton over gRPC. Nothing is asked of Triton before it is needed, and it may come and go.
 * @throws GenfleetError `invalid_configuration` for a URL that is none, for faults in the models' options by their
 * paths, and for tokenizers that can't be read.
 */
export async function openTritonEngine(options: TritonEngineOptions): Promise<TextEngine> {
  const address = addressOf(options.url);
  const models = tritonModels(options.models);
  const client = new TritonClient(address, options.verbose);
  return new TritonEngine(address, client, await LoadedModels.load(client, models), {
    ...DEFAULTS,
    randomSeed: () => randomInt(LARGEST_SEED),
    ...options,
  });
}

type Limits = Required<Pick<TritonEngineOptions, keyof typeof DEFAULTS | 'randomSeed'>>;

class TritonEngine implements TextEngine {
  readonly name = 'triton';
  readonly maxConcurrentTexts: number;
  readonly #address: string;
  readonly #client: TritonClient;
  readonly #models: LoadedModels;
  readonly #limits: Limits;
  readonly #gate: Gate;
  readonly #closed = new AbortController();

  constructor(address: string, client: TritonClient, models: LoadedModels, limits: Limits) {
    this.#address = address;
    this.#client = client;
    this.#models = models;
    this.#limits = limits;
    this.maxConcurrentTexts = limits.maxConcurrentTexts;
    this.#gate = new Gate(this.maxConcurrentTexts, this.maxConcurrentTexts * WAITING_PER_PLACE);
  }

  /** Those of the file that Triton has loaded. */
  async models(): Promise<readonly ModelInfo[]> {
    const infos = await Promise.all(this.#models.all.map((model) => this.#info(model)));
    return infos.filter((info) => info !== undefined);
  }

  /** Whether Triton lives and has loaded one of the models at least. */
  async health(): Promise<void> {
    try {
      if (!(await this.#client.isLive(this.#answerLimits()))) throw this.#unready('is not live');
      const ready = await Promise.all(
        this.#models.all.map(({ tritonName, version }) =>
          this.#client.isModelReady(tritonName, version, this.#answerLimits()),
        ),
      );
      if (ready.includes(true)) return;
      const names = this.#models.all.map(({ tritonName }) => tritonName).join(', ');
      const isLoading = !(await this.#client.isReady(this.#answerLimits()));
      throw this.#unready(`has loaded none of ${names}${isLoading ? ' yet' : ''}`);
    } catch (thrown) {
      throw this.#located(thrown);
    }
  }

  async generateText(task: TextTask): Promise<TextResult> {
    const abort = new LinkedAbort([task.signal, this.#closed.signal]);
    let leave: (() => void) | undefined;
    let model: KnownModel | undefined;
    try {
      leave = await this.#gate.enter(abort.signal);
      model = this.#models.find(task.settings.model);
      // asked for all who want the model: nobody's leaving ends it, and nobody stays for it who leaves
      const shape = await abort.orAborted(this.#models.shape(model, this.#answerLimits()));
      const { textTimeoutMs: silenceMs, randomSeed } = this.#limits;
      return await generate({ client: this.#client, model, shape, task, abort, silenceMs, randomSeed });
    } catch (thrown) {
      if (task.signal.aborted) {
        return { ok: false, error: new GenfleetError('cancelled', 'generation was cancelled') };
      }
      if (model) this.#models.forget(model);
      return { ok: false, error: this.#located(thrown) };
    } finally {
      leave?.();
      abort.release();
    }
  }

  async close(): Promise<void> {
    this.#closed.abort(new GenfleetError('closed', 'engine was closed'));
    this.#client.close();
  }

  async #info(model: KnownModel): Promise<ModelInfo | undefined> {
    const { spec } = model;
    try {
      const shape = await this.#models.shape(model, this.#answerLimits());
      const text = {
        context_tokens: spec.context_tokens,
        max_tokens: spec.max_tokens ?? spec.context_tokens,
        features: featuresOf(model, shape),
      };
      return {
        name: spec.name,
        kind: 'completion',
        aliases: spec.aliases,
        samplers: [],
        demo: shape.demo,
        text,
      };
    } catch (thrown) {
      const error = this.#located(thrown);
      if (error.code === 'model_not_found') return undefined;
      throw error;
    }
  }

  #answerLimits(): CallLimits {
    return { signal: this.#closed.signal, timeoutMs: this.#limits.answerTimeoutMs };
  }

  #unready(what: string): GenfleetError {
    return new GenfleetError('engine_unreachable', `Triton ${what}`);
  }

  /** With the address, where that is what somebody has to look at. */
  #located(thrown: unknown): GenfleetError {
    const error = GenfleetError.from(thrown, 'engine_failed');
    if (error.code !== 'engine_unreachable') return error;
    return new GenfleetError('engine_unreachable', `engine at triton://${this.#address}: ${error.message}`, {
      cause: error,
    });
  }
}

const DEFAULT_PORT = '8001';

/** `host:port` of a URL. */
function addressOf(text: string): string {
  const url = URL.parse(text);
  const isBare = url && ['', '/'].includes(url.pathname) && !url.search && !url.username && !url.password;
  if (url?.protocol === 'triton:' && url.hostname && isBare)
    return `${url.hostname}:${url.port || DEFAULT_PORT}`;
  throw new GenfleetError(
    'invalid_configuration',
    `engine needs an address like triton://host:8001, not ${text}`,
  );
}
