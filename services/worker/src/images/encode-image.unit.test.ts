import { GenfleetError, type Txt2ImgSettings } from '@genfleet/job';
import { describe, expect, it } from '@jest/globals';
import sharp from 'sharp';
import { encodeImage } from './encode-image.ts';

const settings: Txt2ImgSettings = {
  prompt: 'a red circle, ünïcode',
  negative_prompt: '',
  seed: 42,
  sampler_name: 'euler',
  batch_size: 1,
  n_iters: 1,
  steps: 5,
  cfg_scale: 7,
  width: 64,
  height: 72,
  model: 'm',
};

function picture(width = 64, height = 72) {
  const bytes = new Uint8Array(width * height * 3).map((_, index) => (index % 3 === 0 ? 220 : 20));
  return { encoding: 'rgb', width, height, bytes } as const;
}

describe('encodeImage', () => {
  it('makes a JPEG of the size asked for that carries its settings and the image seed', async () => {
    const { bytes, contentType, extension } = await encodeImage(picture(), settings, 43);
    const metadata = await sharp(bytes).metadata();
    expect({ contentType, extension }).toEqual({ contentType: 'image/jpeg', extension: 'jpg' });
    expect({ format: metadata.format, width: metadata.width, height: metadata.height }).toEqual({
      format: 'jpeg',
      width: 64,
      height: 72,
    });
    const exif = Buffer.from(metadata.exif ?? []).toString('utf8');
    const [json = ''] = /\{.*\}/.exec(exif) ?? [];
    expect(JSON.parse(json)).toEqual({ ...settings, seed: 43 });
  });

  it('makes a JPEG without its settings where they are longer than a segment can be', async () => {
    const long = { ...settings, prompt: 'é'.repeat(8_000), negative_prompt: 'é'.repeat(8_000) };
    const { bytes } = await encodeImage(picture(), long, 43);
    const { format, exif } = await sharp(bytes).metadata();
    expect({ format, exif }).toEqual({ format: 'jpeg', exif: undefined });
  });

  it('makes a PNG with the exact pixels and the settings in a text chunk', async () => {
    const { bytes } = await encodeImage(picture(), { ...settings, format: 'png' }, 42);
    const { data } = await sharp(bytes).raw().toBuffer({ resolveWithObject: true });
    expect(Buffer.compare(data, Buffer.from(picture().bytes))).toBe(0);
    const metadata = await sharp(bytes).metadata();
    const comment = metadata.comments?.find(({ keyword }) => keyword === 'parameters');
    expect(JSON.parse(comment?.text ?? '{}')).toMatchObject({ prompt: settings.prompt, seed: 42 });
  });

  it('gives the same bytes for the same picture', async () => {
    const [a, b] = await Promise.all([1, 2].map(() => encodeImage(picture(), settings, 1)));
    expect(Buffer.compare(Buffer.from(a?.bytes ?? []), Buffer.from(b?.bytes ?? []))).toBe(0);
  });

  it('refuses a picture of another size', async () => {
    await expect(encodeImage(picture(72, 72), settings, 1)).rejects.toMatchObject({
      code: 'engine_failed',
      message: expect.stringContaining('72×72 instead of 64×72'),
    });
  });

  it('refuses bytes that are no picture', async () => {
    const rubbish = { encoding: 'png', width: 64, height: 72, bytes: Buffer.from('not a png') } as const;
    await expect(encodeImage(rubbish, settings, 1)).rejects.toBeInstanceOf(GenfleetError);
  });
});
