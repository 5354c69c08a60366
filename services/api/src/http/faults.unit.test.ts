import { IN_PLAIN_WORDS, imageRequestSchema } from '@genfleet/job';
import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { faultsOf } from './faults.ts';

const faults = (schema: z.ZodType, value: unknown) => {
  const { error } = schema.safeParse(value, IN_PLAIN_WORDS);
  return (error ? faultsOf(error) : []).map(({ path, message }) => `${path}: ${message}`);
};

describe('faultsOf', () => {
  it('says of each value what is wrong with it, once', () => {
    const generation_settings = { prompt: [], seed: 1e20, width: 1e308, height: 63, batch_size: 17 };
    expect(faults(imageRequestSchema, { generation_settings, webhook_url: 'ftp://a.example/' })).toEqual([
      'generation_settings.prompt: a list is not text',
      'generation_settings.seed: 100000000000000000000 is above the maximum of 9007199254740991',
      'generation_settings.batch_size: 17 is above the maximum of 16',
      'generation_settings.width: 1e+308 is above the maximum of 2048',
      'generation_settings.height: 63 is below the minimum of 64',
      'generation_settings.height: 63 is not a multiple of 8',
      'webhook_url: "ftp://a.example/" is not a URL of http or https',
    ]);
  });

  it.each([
    [
      'unknown fields',
      z.strictObject({}),
      Object.fromEntries(Array.from({ length: 20_000 }, (_, n) => [n, n])),
    ],
    ['wrong entries', z.array(z.string()), Array.from({ length: 20_000 }, () => 1)],
  ])('names a hundred of 20,000 %s and counts the rest', (_what, schema, value) => {
    const said = faults(schema, value);
    expect(said).toHaveLength(101);
    expect(said.at(-1)).toBe('body: has 19900 more faults');
  });
});
