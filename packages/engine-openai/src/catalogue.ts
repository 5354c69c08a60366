import { COMPLETION_LIMITS, GenfleetError, type ModelInfo } from '@genfleet/job';
import { z } from 'zod';
import { listedModel, type TextModel } from './text-model.ts';

/** An unknown name makes the list be asked for again, but not for every request that names it. */
const REFRESH_MS = 10_000;
const MODELS_LIMIT = 1_000;

const tokens = z.int().min(1).optional().catch(undefined);
/** `GET /models` with what vLLM (`max_model_len`) and llama.cpp (`meta`) add to it. */
const listSchema = z.object({
  data: z
    .array(
      z.object({
        id: z.string().min(1),
        owned_by: z.string().catch(''),
        aliases: z.array(z.string()).catch([]),
        max_model_len: tokens,
        // the context of one request, and the one the model was trained with
        meta: z.object({ n_ctx: tokens, n_ctx_train: tokens }).optional().catch(undefined),
      }),
    )
    .max(MODELS_LIMIT),
});

/** Which models there are: those of the configuration, or, when it has none, those the upstream lists. */
export class Catalogue {
  readonly #configured: readonly TextModel[];
  readonly #fetchList: () => Promise<unknown>;
  readonly #now: () => number;
  #byName = new Map<string, TextModel>();
  #askedMs = Number.NEGATIVE_INFINITY;
  #asking: Promise<readonly TextModel[]> | undefined;

  constructor(configured: readonly TextModel[], fetchList: () => Promise<unknown>, now: () => number) {
    this.#configured = configured;
    this.#fetchList = fetchList;
    this.#now = now;
    this.#index(configured);
  }

  /** @throws GenfleetError of the upstream's, when it is asked and does not answer. */
  async infos(): Promise<readonly ModelInfo[]> {
    const models = this.#configured.length > 0 ? this.#configured : await this.#ask();
    return models.map(({ info }) => info);
  }

  /** The model of this name, without a wait where it is known. */
  known(name: string): TextModel | undefined {
    return this.#byName.get(name);
  }

  /** @throws GenfleetError `model_not_found` with the names there are. */
  async find(name: string): Promise<TextModel> {
    if (this.#configured.length === 0 && this.#now() - this.#askedMs >= REFRESH_MS) await this.#ask();
    const model = this.#byName.get(name);
    if (model) return model;
    const names = [...new Set([...this.#byName.values()].map(({ info }) => info.name))];
    throw new GenfleetError('model_not_found', `no model is called ${name}; there are: ${names.join(', ')}`);
  }

  #ask(): Promise<readonly TextModel[]> {
    this.#asking ??= this.#refresh().finally(() => {
      this.#asking = undefined;
    });
    return this.#asking;
  }

  async #refresh(): Promise<readonly TextModel[]> {
    const parsed = listSchema.safeParse(await this.#fetchList());
    if (!parsed.success) {
      throw new GenfleetError('engine_failed', 'engine did not answer with a list of models', {
        cause: parsed.error,
      });
    }
    const models = parsed.data.data.map(({ id, owned_by, aliases, max_model_len, meta }) =>
      listedModel({
        ...{ id, aliases, owner: owned_by, assumedTokens: COMPLETION_LIMITS.promptTokens },
        contextTokens: max_model_len ?? meta?.n_ctx ?? meta?.n_ctx_train,
      }),
    );
    this.#askedMs = this.#now();
    this.#index(models);
    return models;
  }

  #index(models: readonly TextModel[]): void {
    this.#byName = new Map(models.flatMap((model) => model.info.aliases.map((alias) => [alias, model])));
    for (const model of models) this.#byName.set(model.info.name, model);
  }
}
