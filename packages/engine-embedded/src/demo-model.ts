import { readFile } from 'node:fs/promises';
import { GenfleetError, type ModelInfo, type Txt2ImgSettings } from '@genfleet/job';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { z } from 'zod';
import { nativeCanvas, type Size } from './canvas.ts';
import { Noise } from './noise.ts';
import { isSamplerName, SAMPLER_TABLE, type SamplerRun } from './samplers.ts';
import { Schedule } from './schedule.ts';
import { Tokenizer } from './tokenizer.ts';

/** `genfleet.json` beside the weights: what this model is and how it wants to be run. */
const manifestSchema = z.object({
  name: z.string(),
  native_short_side: z.int(),
  size_multiple: z.int(),
  max_aspect: z.number(),
  vae_factor: z.int(),
  latent_channels: z.int(),
  vae_scaling_factor: z.number(),
  demo: z.boolean(),
  aliases: z.array(z.string()),
});
type Manifest = z.output<typeof manifestSchema>;

const scheduleSchema = z.object({
  num_train_timesteps: z.int(),
  trained_betas: z.array(z.number()),
  prediction_type: z.enum(['v_prediction', 'epsilon']),
  timestep_spacing: z.enum(['linspace', 'leading', 'trailing']),
  steps_offset: z.int(),
});

const tokenizerSchema = z.object({
  vocab: z.record(z.string(), z.number()),
  merges: z.array(z.string()),
  model_max_length: z.int(),
});

/** Pixels as interleaved RGB, one byte each. */
export interface Picture extends Size {
  readonly rgb: Uint8Array;
}

export interface DrawOptions {
  readonly seed: number;
  readonly signal: AbortSignal;
  /** After each step; `peek` decodes what the picture looks like so far. */
  readonly onStep: (step: number, peek: () => Promise<Picture>) => Promise<void>;
}

/** Stable Diffusion's three networks on ONNX Runtime, with the samplers of this package. */
export class DemoModel {
  readonly info: ModelInfo;
  readonly #manifest: Manifest;
  readonly #schedule: Schedule;
  readonly #tokenizer: Tokenizer;
  readonly #text: InferenceSession;
  readonly #unet: InferenceSession;
  readonly #decoder: InferenceSession;

  private constructor(parts: {
    manifest: Manifest;
    schedule: Schedule;
    tokenizer: Tokenizer;
    sessions: readonly [InferenceSession, InferenceSession, InferenceSession];
  }) {
    this.#manifest = parts.manifest;
    this.#schedule = parts.schedule;
    this.#tokenizer = parts.tokenizer;
    [this.#text, this.#unet, this.#decoder] = parts.sessions;
    const { name, aliases, demo } = parts.manifest;
    this.info = { name, kind: 'txt2img', aliases, demo, samplers: Object.keys(SAMPLER_TABLE) };
  }

  /** @throws Error when a file is missing or not what it should be. */
  static async load(folder: URL, threads: number): Promise<DemoModel> {
    const options: InferenceSession.SessionOptions = {
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      graphOptimizationLevel: 'all',
      // waiting threads sleep: a core that spins is one the API does not get
      extra: { session: { 'intra_op.allow_spinning': '0', 'inter_op.allow_spinning': '0' } },
    };
    const json = async (name: string) => JSON.parse(await readFile(new URL(name, folder), 'utf8')) as unknown;
    const network = async (name: string) =>
      InferenceSession.create(await readFile(new URL(name, folder)), options);
    return new DemoModel({
      manifest: manifestSchema.parse(await json('genfleet.json')),
      schedule: new Schedule(scheduleSchema.parse(await json('scheduler.json'))),
      tokenizer: new Tokenizer(tokenizerSchema.parse(await json('tokenizer.json'))),
      sessions: await Promise.all([
        network('text_encoder.onnx'),
        network('unet.onnx'),
        network('vae_decoder.onnx'),
      ]),
    });
  }

  /** Whether `name` is this model's, or one it also answers to. */
  answersTo(name: string): boolean {
    return name === this.info.name || this.info.aliases.includes(name);
  }

  /**
   * Draws one picture on the native canvas nearest to the size asked for; enlarging is the caller's.
   * @throws GenfleetError `cancelled` within a step of the signal, `invalid_settings` for an unknown sampler.
   */
  async draw(settings: Txt2ImgSettings, options: DrawOptions): Promise<Picture> {
    const { seed, signal, onStep } = options;
    const { vae_factor: factor, latent_channels: channels } = this.#manifest;
    const canvas = nativeCanvas(settings, this.#manifest);
    const grid = { width: canvas.width / factor, height: canvas.height / factor };
    const noise = new Noise(seed);
    const clean = await this.sample(settings, grid, {
      start: noise.normal(channels * grid.width * grid.height),
      noise: (count) => noise.normal(count),
      signal,
      onStep: (step, estimate) => onStep(step, () => this.#decode(estimate, grid)),
    });
    return this.#decode(clean, grid);
  }

  /**
   * Latents of a picture, [channels × height × width] of the grid, from standard normal ones of the same shape.
   * @throws GenfleetError as `draw` does.
   */
  async sample(
    settings: Txt2ImgSettings,
    grid: Size,
    run: Pick<SamplerRun, 'start' | 'noise' | 'onStep'> & { readonly signal: AbortSignal },
  ): Promise<Float32Array> {
    if (!isSamplerName(settings.sampler_name)) {
      const names = Object.keys(SAMPLER_TABLE).join(', ');
      throw new GenfleetError(
        'invalid_settings',
        `unknown sampler ${settings.sampler_name}; there are ${names}`,
      );
    }
    const { signal, ...given } = run;
    const predict = await this.#predictor(
      settings,
      [this.#manifest.latent_channels, grid.height, grid.width],
      signal,
    );
    return SAMPLER_TABLE[settings.sampler_name]({
      ...given,
      schedule: this.#schedule,
      steps: settings.steps,
      predict,
    });
  }

  /** The network with classifier-free guidance (Ho and Salimans 2022) for one prompt. */
  async #predictor(settings: Txt2ImgSettings, shape: readonly number[], signal: AbortSignal) {
    const isGuided = settings.cfg_scale > 1;
    const texts = isGuided ? [settings.negative_prompt, settings.prompt] : [settings.prompt];
    const context = await this.#encode(texts);
    const size = shape.reduce((product, side) => product * side, 1);
    const batch = texts.length;
    const stacked = new Float32Array(batch * size);
    return async (sample: Float32Array, timestep: number): Promise<Float32Array> => {
      if (signal.aborted) throw new GenfleetError('cancelled', 'the run was stopped');
      for (let copy = 0; copy < batch; copy += 1) stacked.set(sample, copy * size);
      const output = await this.#run(this.#unet, {
        sample: new Tensor('float32', stacked, [batch, ...shape]),
        timestep: new Tensor('float32', new Float32Array(batch).fill(timestep), [batch]),
        encoder_hidden_states: context,
      });
      if (!isGuided) return output.slice();
      const guided = new Float32Array(size);
      for (let i = 0; i < size; i += 1) {
        const without = output[i] ?? 0;
        guided[i] = without + settings.cfg_scale * ((output[size + i] ?? 0) - without);
      }
      return guided;
    };
  }

  async #encode(texts: readonly string[]): Promise<Tensor> {
    const rows = texts.map((text) => this.#tokenizer.encode(text));
    const length = rows[0]?.length ?? 0;
    const ids = BigInt64Array.from(rows.flat(), BigInt);
    const encoded = await this.#text.run({ input_ids: new Tensor('int64', ids, [texts.length, length]) });
    return firstOutput(this.#text, encoded);
  }

  async #decode(clean: Float32Array, grid: Size): Promise<Picture> {
    const { vae_factor: factor, vae_scaling_factor: scaling, latent_channels: channels } = this.#manifest;
    const latent = clean.map((value) => value / scaling);
    const planes = await this.#run(this.#decoder, {
      latent: new Tensor('float32', latent, [1, channels, grid.height, grid.width]),
    });
    const width = grid.width * factor;
    const height = grid.height * factor;
    const rgb = new Uint8Array(3 * width * height);
    for (let pixel = 0; pixel < width * height; pixel += 1) {
      for (let channel = 0; channel < 3; channel += 1) {
        const value = ((planes[channel * width * height + pixel] ?? 0) + 1) * 127.5;
        rgb[3 * pixel + channel] = Math.max(0, Math.min(255, Math.round(value)));
      }
    }
    return { width, height, rgb };
  }

  async #run(session: InferenceSession, feeds: Record<string, Tensor>): Promise<Float32Array> {
    const output = firstOutput(session, await session.run(feeds));
    return output.data as Float32Array;
  }
}

function firstOutput(session: InferenceSession, outputs: InferenceSession.ReturnType): Tensor {
  const output = outputs[session.outputNames[0] ?? ''];
  if (!output) throw new Error('the network gave no output');
  return output as Tensor;
}
