/**
 * Draws the training's evaluation prompts with this engine, so that the same judge scores both:
 *
 *     node packages/engine-embedded/test/draw-evaluation.ts FOLDER [steps] [sampler]
 *     python packages/engine-embedded/training/evaluate.py score FOLDER
 */
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { z } from 'zod';
import { DemoModel } from '../src/demo-model.ts';

const promptsSchema = z.array(
  z.object({ id: z.string(), prompt: z.string(), seed: z.int(), width: z.int(), height: z.int() }),
);

const [folder, steps = '20', sampler = 'euler'] = process.argv.slice(2);
if (!folder) throw new Error('name a folder for the pictures');
await mkdir(folder, { recursive: true });
const promptsFile = new URL('../training/evaluation-prompts.json', import.meta.url);
const prompts = promptsSchema.parse(JSON.parse(await readFile(promptsFile, 'utf8')));
const model = await DemoModel.load(new URL('../model/', import.meta.url), 1);
for (const { id, prompt, seed, width, height } of prompts) {
  const settings = {
    prompt,
    negative_prompt: '',
    seed,
    sampler_name: sampler,
    batch_size: 1,
    n_iters: 1,
    steps: Number(steps),
    cfg_scale: 2,
    width,
    height,
    model: model.info.name,
  };
  const picture = await model.draw(settings, {
    seed,
    signal: new AbortController().signal,
    onStep: async () => undefined,
  });
  const { width: across, height: down, rgb } = picture;
  await sharp(rgb, { raw: { width: across, height: down, channels: 3 } })
    .png()
    .toFile(join(folder, `${id}.png`));
}
