import type { Config } from '@genfleet/config';
import type { Engine, ImageEngine, TextEngine } from '@genfleet/engine';
import type { TritonCall } from '@genfleet/engine-triton';
import { GenfleetError } from '@genfleet/job';
import type { ModelSpec } from '@genfleet/models';
import type { Logger } from '@genfleet/telemetry';

/** One engine for each kind of job that can be run here; one engine may run several kinds. */
export interface Engines {
  readonly txt2img?: ImageEngine;
  readonly completion?: TextEngine;
  close(): Promise<void>;
}

type EngineConfig = Pick<
  Config,
  | 'ENGINE_URL'
  | 'ENGINE_API_KEY'
  | 'MODELS_FILE'
  | 'IMAGE_PREVIEWS'
  | 'TRITON_HOST'
  | 'TRITON_PORT'
  | 'TRITON_VERBOSITY'
>;

/**
 * The engines that `ENGINE_URL` and `TRITON_HOST` name; of two for one kind the later one runs it. They may not
 * answer yet: ask their `health`.
 * @throws GenfleetError `invalid_configuration` for the file of models.
 */
export async function openEngines(config: EngineConfig, log: Pick<Logger, 'info'>): Promise<Engines> {
  const { TRITON_HOST: host, TRITON_PORT: port } = config;
  const urls = host === undefined ? config.ENGINE_URL : [...config.ENGINE_URL, `triton://${host}:${port}`];
  const specs = config.MODELS_FILE === undefined ? [] : await readSpecs(config.MODELS_FILE);
  const byKind: { txt2img?: ImageEngine; completion?: TextEngine } = {};
  const opened = new Set<Engine>();
  for (const url of urls) {
    const engines = await openOne(url, specs, config, log);
    Object.assign(byKind, engines);
    for (const engine of Object.values(engines)) opened.add(engine);
  }
  const used = new Set<Engine>(Object.values(byKind));
  await Promise.all([...opened].filter((engine) => !used.has(engine)).map((engine) => engine.close()));
  return {
    ...byKind,
    close: async () => {
      await Promise.allSettled([...used].map((engine) => engine.close()));
    },
  };
}

/** Loaded only where there is such a file: tokenizers and templates come with it. */
async function readSpecs(file: string): Promise<readonly ModelSpec[]> {
  return (await import('@genfleet/models')).readModelsFile(file);
}

type ByKind = { readonly txt2img?: ImageEngine; readonly completion?: TextEngine };

async function openOne(
  url: string,
  specs: readonly ModelSpec[],
  config: EngineConfig,
  log: Pick<Logger, 'info'>,
): Promise<ByKind> {
  switch (url.slice(0, url.indexOf(':'))) {
    case 'embedded': {
      const engine = (await import('@genfleet/engine-embedded')).openEmbeddedEngine();
      return { txt2img: engine, completion: engine };
    }
    case 'http':
    case 'https': {
      const { openDiffusersEngine } = await import('@genfleet/engine-diffusers');
      return { txt2img: openDiffusersEngine({ url, previews: config.IMAGE_PREVIEWS }) };
    }
    case 'triton': {
      const models = specs.filter((spec) => spec.engine === 'triton');
      const { openTritonEngine } = await import('@genfleet/engine-triton');
      const verbose = ({ method, model, status, durationMs }: TritonCall) =>
        log.info({ model }, `Triton ${method}: ${status} after ${Math.round(durationMs)} ms`);
      const options = { url, models, ...(config.TRITON_VERBOSITY ? { verbose } : {}) };
      return { completion: await openTritonEngine(options) };
    }
    case 'openai+http':
    case 'openai+https': {
      const { ENGINE_API_KEY: apiKey } = config;
      const models = specs.filter((spec) => spec.engine === 'openai');
      const options = { url, models, ...(apiKey === undefined ? {} : { apiKey }) };
      const { openOpenAiEngine } = await import('@genfleet/engine-openai');
      return { completion: await openOpenAiEngine(options) };
    }
    default:
      throw new GenfleetError('invalid_configuration', `ENGINE_URL names no known engine: ${url}`);
  }
}
