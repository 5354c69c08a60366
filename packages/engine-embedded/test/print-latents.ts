/**
 * Prints, as JSON, the latents that each sampler gives from the start and noise of `model/reference.json`. A
 * process of its own, because ONNX Runtime does not know the typed arrays of Jest's sandbox.
 */
import { readFile } from 'node:fs/promises';
import { DemoModel } from '../src/demo-model.ts';
import { SAMPLER_TABLE } from '../src/samplers.ts';

const folder = new URL('../model/', import.meta.url);
const reference = JSON.parse(await readFile(new URL('reference.json', folder), 'utf8'));
const [, , height, width] = reference.latent_shape;
const model = await DemoModel.load(folder, 1);
const latents: Record<string, number[]> = {};
for (const sampler_name of Object.keys(SAMPLER_TABLE)) {
  const noises = [...reference.ancestral_noise];
  const settings = {
    prompt: reference.prompt,
    negative_prompt: reference.negative_prompt,
    seed: 0,
    sampler_name,
    batch_size: 1,
    n_iters: 1,
    steps: reference.steps,
    cfg_scale: reference.guidance_scale,
    width: 64,
    height: 64,
    model: model.info.name,
  };
  const result = await model.sample(
    settings,
    { width, height },
    {
      start: Float32Array.from(reference.start),
      noise: () => Float32Array.from(noises.shift()),
      signal: new AbortController().signal,
      onStep: async () => undefined,
    },
  );
  latents[sampler_name] = [...result];
}
process.stdout.write(JSON.stringify(latents));
