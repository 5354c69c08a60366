import { ModelCatalogue } from '@genfleet/catalogue';
import { describe, expect, it } from '@jest/globals';
import { toImageRequest } from './openai-request.ts';

const any = new ModelCatalogue([], () => 0);
const problemOf = (body: unknown, catalogue = any) => {
  const asked = toImageRequest(body, catalogue);
  return asked.ok ? undefined : asked.problem;
};

describe('toImageRequest', () => {
  it('means one job with n images of that size', () => {
    const asked = toImageRequest({ prompt: 'A dog', n: 3, size: '256x320', seed: 7, user: 'u1' }, any);
    expect(asked).toMatchObject({
      ok: true,
      format: 'url',
      request: {
        generation_settings: { prompt: 'A dog', n_iters: 3, batch_size: 1, width: 256, height: 320, seed: 7 },
        metadata: { user: 'u1' },
      },
    });
  });

  it("names faults by the client's own fields", () => {
    expect(problemOf({ prompt: 'A dog', size: '257x320' })?.errors?.[0]?.path).toBe('size');
    // told once, though both sides are wrong
    expect(problemOf({ prompt: 'A dog', size: '257x257' })?.errors).toEqual([
      { path: 'size', message: '257 is not a multiple of 8' },
    ]);
    expect(problemOf({ prompt: 'A dog', size: 'huge' })?.errors).toEqual([
      { path: 'size', message: '"huge" is neither WIDTHxHEIGHT, such as 512x512, nor auto' },
    ]);
    expect(problemOf({ prompt: 'A dog', n: 11 })?.errors?.[0]?.path).toBe('n');
    expect(problemOf({ prompt: 'A dog', seed: -1 })?.errors?.[0]?.path).toBe('seed');
    expect(problemOf({ prompt: 'A dog', colour: 'red' })?.errors).toEqual([
      { path: 'colour', message: 'unknown field' },
    ]);
  });

  it("answers an unknown model with OpenAI's code, and finds a model when none is named", () => {
    const sdxl = new ModelCatalogue(['sdxl'], () => 0);
    expect(problemOf({ prompt: 'A dog', model: 'dall-e-3' }, sdxl)?.code).toBe('model_not_found');
    expect(toImageRequest({ prompt: 'A dog' }, sdxl)).toMatchObject({
      request: { generation_settings: { model: 'sdxl' } },
    });
  });

  it('takes the fields of hosted models that mean nothing here', () => {
    expect(
      problemOf({ prompt: 'A dog', quality: 'hd', style: 'vivid', size: 'auto', n: null }),
    ).toBeUndefined();
  });
});
