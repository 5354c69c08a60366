import { z } from 'zod';
import { shownValue } from './plain-words.ts';

/** Sampler names as the API takes them; engines map them to their own. */
export const SAMPLERS = ['euler', 'euler_a', 'ddim', 'dpmpp_2m', 'heun'] as const;

/** Sizes in pixels, counts in images: the bounds that hold for every engine. */
export const LIMITS = {
  promptChars: 8_000,
  steps: 150,
  cfgScale: 30,
  sizeMinPx: 64,
  sizeMaxPx: 2_048,
  batchSize: 16,
  iterations: 16,
  metadataEntries: 32,
  metadataChars: 1_024,
  deadlineSeconds: 7 * 86_400,
} as const;

/** Accepts a number, or text that reads as exactly one: the seed's README sends `"batch_size": "1"`. */
function numeric<T extends z.ZodType<number>>(schema: T) {
  return z.preprocess((value) => (typeof value === 'string' ? (exactNumber(value) ?? value) : value), schema);
}

/** Undefined for other text, and for a fraction so close to an integer that it would be rounded to one. */
function exactNumber(text: string): number | undefined {
  const digits = /^-?\d+(?:\.(\d+))?$/.exec(text.trim());
  if (!digits) return undefined;
  const number = Number(text);
  const isRounded = Number.isInteger(number) && /[1-9]/.test(digits[1] ?? '');
  return isRounded ? undefined : number + 0;
}

/** The fields of the settings as they stand in the ledger: numbers, none left out but the format. */
const plain = {
  prompt: z.string().min(1).max(LIMITS.promptChars),
  negative_prompt: z.string().max(LIMITS.promptChars),
  // `int` itself ends at 2^53 - 1; a second bound there would report one fault twice
  seed: z.int().min(0),
  sampler_name: z.string().min(1).max(64),
  batch_size: z.int().min(1).max(LIMITS.batchSize),
  n_iters: z.int().min(1).max(LIMITS.iterations),
  steps: z.int().min(1).max(LIMITS.steps),
  cfg_scale: z.number().min(0).max(LIMITS.cfgScale),
  width: z.int().min(LIMITS.sizeMinPx).max(LIMITS.sizeMaxPx).multipleOf(8),
  height: z.int().min(LIMITS.sizeMinPx).max(LIMITS.sizeMaxPx).multipleOf(8),
  model: z.string().min(1).max(256),
  format: z.enum(['jpeg', 'png']).optional(),
};

/** Settings as they stand in the ledger, where every event is read by every view: checked at half the cost. */
export const ledgerSettingsSchema = z.strictObject(plain);

const pixels = { description: 'Pixels, a multiple of 8' };

/** What a client asks a text-to-image engine for. Sizes in pixels; image `i` of a job uses `seed + i`. */
export const txt2imgSettingsSchema = z
  .strictObject({
    prompt: plain.prompt,
    negative_prompt: plain.negative_prompt.default(''),
    seed: numeric(plain.seed).optional().meta({
      description: 'Random when left out; the seed drawn is echoed',
    }),
    sampler_name: plain.sampler_name.default('euler').meta({ examples: [...SAMPLERS] }),
    batch_size: numeric(plain.batch_size).default(1).meta({ description: 'Images made at once' }),
    n_iters: numeric(plain.n_iters).default(1).meta({ description: 'How many batches' }),
    steps: numeric(plain.steps).default(20),
    cfg_scale: numeric(plain.cfg_scale).default(7),
    width: numeric(plain.width).meta(pixels).default(512),
    height: numeric(plain.height).meta(pixels).default(512),
    model: plain.model.default('genfleet-demo'),
    format: plain.format.meta({ description: 'File type of the images; JPEG when left out' }),
  })
  .meta({ id: 'GenerationSettings' });

export type Txt2ImgRequestSettings = z.output<typeof txt2imgSettingsSchema>;

/** Settings as they stand in the ledger: nothing left open. */
export type Txt2ImgSettings = Txt2ImgRequestSettings & { seed: number };

/** Which jobs go first: all waiting ones of a level before any of the next, within the bounds that workers keep. */
export const PRIORITIES = ['high', 'normal', 'low'] as const;
export type Priority = (typeof PRIORITIES)[number];

export const metadataSchema = z
  .record(z.string().max(LIMITS.metadataChars), z.string().max(LIMITS.metadataChars))
  .refine((entries) => Object.keys(entries).length <= LIMITS.metadataEntries, {
    error: `at most ${LIMITS.metadataEntries} entries`,
  });

/** Body of `POST /images/`. */
export const imageRequestSchema = z
  .strictObject({
    generation_settings: txt2imgSettingsSchema,
    metadata: metadataSchema.default({}),
    priority: z.enum(PRIORITIES).optional().meta({
      description: 'Waiting jobs of a higher priority are begun first; `normal` when left out',
    }),
    deadline_seconds: numeric(z.number().positive().max(LIMITS.deadlineSeconds)).optional().meta({
      description: 'A job not completed this many seconds after its request becomes a dead letter',
    }),
    webhook_url: z
      .url({
        protocol: /^https?$/,
        error: ({ input }) => `${shownValue(input)} is not a URL of http or https`,
      })
      .max(2_048)
      .optional()
      .meta({
        description: 'Called once the job ends, signed by the Standard Webhooks scheme',
      }),
  })
  .meta({ id: 'ImageRequest' });

export type ImageRequest = z.output<typeof imageRequestSchema>;

/** Images that the settings ask for: `batch_size × n_iters`. */
export function imageCount(settings: Pick<Txt2ImgSettings, 'batch_size' | 'n_iters'>): number {
  return settings.batch_size * settings.n_iters;
}

/** Seeds of all images of a job, in order; wraps at 2^53 so that every seed stays exact. */
export function imageSeeds(settings: Pick<Txt2ImgSettings, 'seed' | 'batch_size' | 'n_iters'>): number[] {
  const beyond = Number.MAX_SAFE_INTEGER - settings.seed;
  return Array.from({ length: imageCount(settings) }, (_, index) =>
    index <= beyond ? settings.seed + index : index - beyond - 1,
  );
}
