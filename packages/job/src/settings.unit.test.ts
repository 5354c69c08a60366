import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { imageCount, imageRequestSchema, imageSeeds, LIMITS, txt2imgSettingsSchema } from './settings.ts';

const MAX_SEED = Number.MAX_SAFE_INTEGER;

function faults(body: unknown): string[] {
  const parsed = imageRequestSchema.safeParse(body);
  return parsed.success
    ? []
    : parsed.error.issues.map(({ path, code }) => `${path.join('.')} ${code}`).sort();
}

const withSettings = (settings: object) => ({ generation_settings: { prompt: 'a dog', ...settings } });
const parsed = (settings: object) => imageRequestSchema.parse(withSettings(settings)).generation_settings;

describe('generation settings', () => {
  it('are filled up with defaults but for the seed', () => {
    expect(parsed({})).toEqual({
      ...{
        prompt: 'a dog',
        negative_prompt: '',
        sampler_name: 'euler',
        batch_size: 1,
        n_iters: 1,
        steps: 20,
      },
      ...{ cfg_scale: 7, width: 512, height: 512, model: 'genfleet-demo' },
    });
  });

  it('take text that reads as exactly one number', () => {
    const asText = {
      batch_size: '1',
      n_iters: ' 2 ',
      steps: '5.0',
      cfg_scale: '7.5',
      width: '64',
      seed: String(MAX_SEED),
    };
    const expected = { batch_size: 1, n_iters: 2, steps: 5, cfg_scale: 7.5, width: 64, seed: MAX_SEED };
    expect(parsed(asText)).toMatchObject(expected);
    expect(Object.is(parsed({ seed: '-0' }).seed, 0)).toBe(true);
  });

  it.each([
    '',
    ' ',
    'one',
    '1e3',
    '0x10',
    '1,5',
    '1 2',
    '+1',
    '.5',
    '5.',
    'NaN',
    'Infinity',
    '１',
    true,
    null,
    [1],
    {},
  ])('refuse %j where a number belongs', (steps) => {
    expect(faults(withSettings({ steps }))).toEqual(['generation_settings.steps invalid_type']);
  });

  it('keep every safe integer that was sent as text exactly, as a seed', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), (seed) => {
        expect(parsed({ seed: String(seed) }).seed).toBe(seed);
        expect(parsed({ seed }).seed).toBe(seed);
      }),
    );
  });

  it.each([
    MAX_SEED + 1,
    -1,
    0.5,
    String(MAX_SEED + 1),
    '9007199254740990.9',
    '-1',
    '0.5',
    '99999999999999999999',
  ])('refuse the seed %j', (seed) => {
    expect(faults(withSettings({ seed }))).toHaveLength(1);
    expect(faults(withSettings({ seed }))[0]).toMatch(/^generation_settings\.seed /);
  });

  it.each([
    ['steps', 1, LIMITS.steps],
    ['batch_size', 1, LIMITS.batchSize],
    ['n_iters', 1, LIMITS.iterations],
    ['cfg_scale', 0, LIMITS.cfgScale],
    ['width', LIMITS.sizeMinPx, LIMITS.sizeMaxPx],
    ['height', LIMITS.sizeMinPx, LIMITS.sizeMaxPx],
  ])('bound %s from %d to %d', (name, min, max) => {
    expect(faults(withSettings({ [name]: min }))).toEqual([]);
    expect(faults(withSettings({ [name]: max }))).toEqual([]);
    expect(faults(withSettings({ [name]: min - 8 }))).toEqual([`generation_settings.${name} too_small`]);
    expect(faults(withSettings({ [name]: max + 8 }))).toEqual([`generation_settings.${name} too_big`]);
  });

  it('want sizes in multiples of 8', () => {
    expect(faults(withSettings({ width: 65, height: '513' }))).toEqual([
      'generation_settings.height not_multiple_of',
      'generation_settings.width not_multiple_of',
    ]);
  });

  it('read again what they wrote', () => {
    const once = txt2imgSettingsSchema.parse({ prompt: 'a', seed: '3', batch_size: '2' });
    expect(txt2imgSettingsSchema.parse(JSON.parse(JSON.stringify(once)))).toEqual(once);
  });
});

describe('an image request', () => {
  it('names every fault by its path in one answer', () => {
    const body = {
      generation_settings: {
        ...{ prompt: '', seed: -1, steps: 'many', width: 65, height: 4_096, cfg_scale: 'x', colour: 'red' },
        ...{ sampler_name: 7, batch_size: 0, format: 'gif' },
      },
      metadata: { count: 1 },
      deadline_seconds: 0,
      webhook_url: 'ftp://example.org',
      priority: 1,
      urgency: 1,
    };
    expect(faults(body)).toEqual([
      ' unrecognized_keys',
      'deadline_seconds too_small',
      'generation_settings unrecognized_keys',
      'generation_settings.batch_size too_small',
      'generation_settings.cfg_scale invalid_type',
      'generation_settings.format invalid_value',
      'generation_settings.height too_big',
      'generation_settings.prompt too_small',
      'generation_settings.sampler_name invalid_type',
      'generation_settings.seed too_small',
      'generation_settings.steps invalid_type',
      'generation_settings.width not_multiple_of',
      'metadata.count invalid_type',
      'priority invalid_value',
      'webhook_url invalid_format',
    ]);
  });

  it('wants a prompt', () => {
    expect(faults({ generation_settings: {} })).toEqual(['generation_settings.prompt invalid_type']);
    expect(faults({})).toEqual(['generation_settings invalid_type']);
    expect(faults(null)).toEqual([' invalid_type']);
  });

  it('bounds prompt and metadata', () => {
    expect(faults(withSettings({ prompt: 'x'.repeat(LIMITS.promptChars) }))).toEqual([]);
    expect(faults(withSettings({ prompt: 'x'.repeat(LIMITS.promptChars + 1) }))).toHaveLength(1);
    const many = Object.fromEntries(
      Array.from({ length: LIMITS.metadataEntries + 1 }, (_, n) => [`k${n}`, 'v']),
    );
    expect(faults({ ...withSettings({}), metadata: many })).toEqual(['metadata custom']);
    expect(
      faults({ ...withSettings({}), metadata: { k: 'v'.repeat(LIMITS.metadataChars + 1) } }),
    ).toHaveLength(1);
  });
});

describe('imageSeeds', () => {
  const settings = fc.record({
    seed: fc.oneof(
      fc.maxSafeNat(),
      fc.integer({ min: 0, max: 300 }).map((back) => MAX_SEED - back),
    ),
    batch_size: fc.integer({ min: 1, max: LIMITS.batchSize }),
    n_iters: fc.integer({ min: 1, max: LIMITS.iterations }),
  });

  it('gives each image its own exact seed, counting up from the first and on from 0 after the last', () => {
    fc.assert(
      fc.property(settings, (asked) => {
        const seeds = imageSeeds(asked);
        expect(seeds).toHaveLength(imageCount(asked));
        expect(new Set(seeds).size).toBe(seeds.length);
        const exact = seeds.map((_, index) => Number((BigInt(asked.seed) + BigInt(index)) % 2n ** 53n));
        expect(seeds).toEqual(exact);
      }),
    );
  });
});
