import type { ImageEngine, ImageTask } from '@genfleet/engine';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import sharp from 'sharp';
import {
  hasDemoModel,
  type ModelContainer,
  providePython,
  startModelContainer,
} from '../../../tools/provision/model-container.ts';
import { openDiffusersEngine } from './index.ts';

const MINUTES_MS = 15 * 60_000;
const PICTURES = 4;
/** What the demo model calls these colours. */
const COLOURS = { red: [219, 33, 33], blue: [33, 77, 222], yellow: [250, 222, 31], white: [247, 247, 247] };
/** Where it puts things, as fractions of the frame. */
const PLACES = {
  top: [0.5, 0.265],
  bottom: [0.5, 0.735],
  left: [0.265, 0.5],
  right: [0.735, 0.5],
  corner: [0.04, 0.04],
} as const;
type Place = keyof typeof PLACES;

const python = await providePython();
const missing = typeof python !== 'string' ? python.missing : hasDemoModel() ? undefined : 'no demo model';

/** The named colour nearest to the mean around a place. */
async function colourAt(png: Uint8Array, size: number, place: Place): Promise<string> {
  const [x, y] = PLACES[place];
  const side = Math.round(size / 20);
  const region = {
    left: Math.round(x * size - side / 2),
    top: Math.round(y * size - side / 2),
    width: side,
    height: side,
  };
  const { channels } = await sharp(await sharp(png).extract(region).png().toBuffer()).stats();
  const distance = (rgb: readonly number[]) =>
    rgb.reduce((sum, level, index) => sum + (level - (channels[index]?.mean ?? 0)) ** 2, 0);
  const [nearest] = Object.entries(COLOURS).sort(([, a], [, b]) => distance(a) - distance(b));
  return nearest?.[0] ?? '';
}

if (typeof python !== 'string' || missing !== undefined) {
  it.skip(`the demo model draws what the prompt says (${missing})`, () => undefined);
} else {
  describe('the demo model draws what the prompt says', () => {
    let container: ModelContainer;
    let engine: ImageEngine;

    beforeAll(async () => {
      container = await startModelContainer(python);
      engine = openDiffusersEngine({ url: container.url });
    }, MINUTES_MS);
    afterAll(async () => {
      await engine?.close();
      await container?.destroy();
    });

    it.each<[string, Partial<Record<Place, string>>]>([
      [
        'a red circle above a blue square on a white background',
        { top: 'red', bottom: 'blue', corner: 'white' },
      ],
      [
        'a blue circle above a red square on a white background',
        { top: 'blue', bottom: 'red', corner: 'white' },
      ],
      [
        'a yellow square left of a red circle on a blue background',
        { left: 'yellow', right: 'red', corner: 'blue' },
      ],
    ])(
      '%s',
      async (prompt, wanted) => {
        const settings = {
          prompt,
          negative_prompt: '',
          seed: 0,
          sampler_name: 'euler',
          batch_size: PICTURES,
          n_iters: 1,
          steps: 20,
          cfg_scale: 4,
          width: 512,
          height: 512,
          model: 'v1-5-pruned-emaonly',
        };
        const task: ImageTask = {
          id: prompt,
          settings,
          seeds: Array.from({ length: PICTURES }, (_, seed) => seed),
          signal: new AbortController().signal,
          onProgress: () => undefined,
        };
        const [result] = await engine.generateImages([task]);
        if (!result?.ok) throw result?.error ?? new Error('no result');
        expect(result.model).toBe('genfleet-demo');
        const places = Object.keys(wanted) as Place[];
        const seen = await Promise.all(
          result.images.map(async ({ bytes, width }) =>
            Object.fromEntries(
              await Promise.all(places.map(async (place) => [place, await colourAt(bytes, width, place)])),
            ),
          ),
        );
        // a small model: its card says how often it is right, and three of four must be
        const right = seen.filter((found) => places.every((place) => found[place] === wanted[place]));
        if (right.length < PICTURES - 1) expect(seen).toEqual(result.images.map(() => wanted));
        expect(right.length).toBeGreaterThanOrEqual(PICTURES - 1);
      },
      MINUTES_MS,
    );
  });
}
