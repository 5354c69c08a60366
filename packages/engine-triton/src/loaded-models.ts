import { GenfleetError } from '@genfleet/job';
import { loadTokenizer, type Tokenizer } from '@genfleet/models';
import type { CallLimits, TritonClient } from './client.ts';
import { type ModelShape, shapeOf } from './model-shape.ts';
import type { TritonModel } from './options.ts';

/** A model of the file, with its tokenizer. */
export interface KnownModel extends TritonModel {
  readonly tokenizer: Tokenizer;
  /** Its name and version in Triton. */
  readonly tritonName: string;
  readonly version: string;
}

/** Models are reloaded while Triton runs, and may then have other tensors. */
const FRESH_MS = 30_000;

interface Asked {
  readonly shape: Promise<ModelShape>;
  readonly atMs: number;
}

/** The models of the file by all their names, and what Triton says of each. */
export class LoadedModels {
  readonly all: readonly KnownModel[];
  readonly #client: TritonClient;
  readonly #byName: ReadonlyMap<string, KnownModel>;
  readonly #asked = new Map<KnownModel, Asked>();

  private constructor(client: TritonClient, all: readonly KnownModel[]) {
    this.#client = client;
    this.all = all;
    this.#byName = new Map(
      all.flatMap((one) => [one.spec.name, ...one.spec.aliases].map((name) => [name, one])),
    );
  }

  /** @throws GenfleetError `invalid_configuration` for a tokenizer that can't be read. */
  static async load(client: TritonClient, models: readonly TritonModel[]): Promise<LoadedModels> {
    const tokenizers = new Map<string, Promise<Tokenizer>>();
    const known = models.map(async (model): Promise<KnownModel> => {
      const { spec, options, tokenizerFile } = model;
      const tokenizer = tokenizers.get(tokenizerFile) ?? loadTokenizer(tokenizerFile);
      tokenizers.set(tokenizerFile, tokenizer);
      return {
        ...model,
        tokenizer: await tokenizer,
        tritonName: options.triton_model ?? spec.name,
        version: options.triton_version,
      };
    });
    return new LoadedModels(client, await Promise.all(known));
  }

  /** @throws GenfleetError `model_not_found` with the names of those there are. */
  find(name: string): KnownModel {
    const found = this.#byName.get(name);
    if (found) return found;
    const names = this.all.map(({ spec }) => spec.name).join(', ');
    throw new GenfleetError('model_not_found', `no model is called ${name}; there are: ${names}`);
  }

  /**
   * What Triton says of the model, at most half a minute old.
   * @throws GenfleetError `model_not_found` when Triton has not loaded it, `engine_*`.
   */
  shape(model: KnownModel, limits: CallLimits): Promise<ModelShape> {
    const known = this.#asked.get(model);
    if (known && performance.now() - known.atMs < FRESH_MS) return known.shape;
    const asked: Asked = { shape: this.#ask(model, limits), atMs: performance.now() };
    this.#asked.set(model, asked);
    asked.shape.catch(() => {
      if (this.#asked.get(model) === asked) this.#asked.delete(model);
    });
    return asked.shape;
  }

  /** What is known may be wrong: the next one asks again. */
  forget(model: KnownModel): void {
    this.#asked.delete(model);
  }

  async #ask({ spec, options, tritonName, version }: KnownModel, limits: CallLimits): Promise<ModelShape> {
    // its configuration outlives a model that was unloaded
    if (!(await this.#client.isModelReady(tritonName, version, limits))) {
      throw new GenfleetError(
        'model_not_found',
        `model ${spec.name} is not loaded in Triton as ${tritonName}`,
      );
    }
    const shape = shapeOf(await this.#client.modelConfig(tritonName, version, limits));
    return { ...shape, decoupled: options.decoupled ?? shape.decoupled };
  }
}
