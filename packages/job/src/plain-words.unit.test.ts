import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { IN_PLAIN_WORDS, shownValue, wrongWith } from './plain-words.ts';
import { imageRequestSchema } from './settings.ts';

const said = (schema: z.ZodType, value: unknown) =>
  schema.safeParse(value, IN_PLAIN_WORDS).error?.issues.map(({ message }) => message);

describe('IN_PLAIN_WORDS', () => {
  const size = z.int().min(64).max(2_048).multipleOf(8);
  it.each([
    [size, 513, '513 is not a multiple of 8'],
    [size, 4_096, '4096 is above the maximum of 2048'],
    [size, 32, '32 is below the minimum of 64'],
    [size, 600.5, '600.5 is not a whole number'],
    [size, 'many', '"many" is not a number'],
    [size, null, 'null is not a number'],
    [size, Number.POSITIVE_INFINITY, 'Infinity is not a finite number'],
    [size, undefined, 'required'],
    [z.number().positive(), 0, '0 is not above 0'],
    [z.number().lt(1), 1, '1 is not below 1'],
    [z.string().min(1), '', 'must not be empty'],
    [z.string().min(3), 'ab', 'has 2 characters; at least 3 are wanted'],
    [z.string().max(3), 'abcd', 'has 4 characters; at most 3 are allowed'],
    [z.array(z.string()).max(1), ['a', 'b'], 'has 2 entries; at most 1 are allowed'],
    [z.array(z.string()), {}, 'an object is not a list'],
    [z.strictObject({}), [1], 'a list is not an object'],
    [z.strictObject({}), { colour: 1, size: 2 }, 'unknown field colour, size'],
    [
      z.record(z.string().max(3), z.string()),
      { long: 'x' },
      'its name has 4 characters; at most 3 are allowed',
    ],
    [z.boolean(), 'yes', '"yes" is not true or false'],
    [z.enum(['high', 'low']), 'urgent', '"urgent" is not one of high, low'],
    [z.enum(['high', 'low']), undefined, 'required'],
    [z.literal('text'), 'image', '"image" is not "text"'],
    [z.url(), 'x', '"x" is not a URL that is taken here'],
    [z.string().regex(/^a$/), 'b', '"b" is not of the form /^a$/'],
    [z.union([z.string(), z.boolean()]), 7, '7 is nothing that is known here'],
    [z.string().refine(() => false, { error: 'says so itself' }), 'x', 'says so itself'],
  ])('says of %# (%j)', (schema: z.ZodType, value, words) => {
    expect(said(schema, value)).toEqual([words]);
  });

  it('shows the number that a text was read as', () => {
    const settings = { prompt: 'x', n_iters: '99' };
    expect(said(imageRequestSchema, { generation_settings: settings })).toEqual([
      '99 is above the maximum of 16',
    ]);
  });

  it('cuts off what is long', () => {
    expect(shownValue('x'.repeat(1_000)).length).toBeLessThan(100);
  });
});

describe('wrongWith', () => {
  it('does not repeat the value, which may be a secret', () => {
    const parsed = z.enum(['none', 'gitlab']).safeParse('hunter2', { error: wrongWith });
    expect(parsed.error?.issues[0]?.message).toBe('is not one of none, gitlab');
  });
});
