import type { ModelCatalogue } from '@genfleet/catalogue';
import { type ImageRequest, IN_PLAIN_WORDS, shownValue, txt2imgSettingsSchema } from '@genfleet/job';
import { z } from 'zod';
import { faultsOf } from '../http/faults.ts';
import { invalid, type Problem } from '../http/problem.ts';
import { checkImageRequest } from './request.ts';

const MAX_IMAGES = 10;
const SIZE = /^(\d{2,4})x(\d{2,4})$/;
const sizeWanted = {
  error: ({ input }: { input?: unknown }) =>
    `${shownValue(input)} is neither WIDTHxHEIGHT, such as 512x512, nor auto`,
};

const own = txt2imgSettingsSchema.pick({
  negative_prompt: true,
  seed: true,
  steps: true,
  cfg_scale: true,
  sampler_name: true,
});

/** Body of `POST /v1/images/generations`: OpenAI's fields, and beside them the settings they have no name for. */
export const openAiImageSchema = z
  .strictObject({
    prompt: z.string().min(1),
    model: z.string().min(1).max(256).optional(),
    n: z.int().min(1).max(MAX_IMAGES).nullish(),
    size: z.union([z.literal('auto'), z.string().regex(SIZE, sizeWanted)], sizeWanted).nullish(),
    response_format: z.enum(['url', 'b64_json']).nullish(),
    output_format: z.enum(['png', 'jpeg']).nullish(),
    user: z.string().max(1_024).optional(),
    ...own.shape,
    // of hosted models; they have no effect here
    quality: z.string().nullish(),
    style: z.string().nullish(),
    background: z.string().nullish(),
    moderation: z.string().nullish(),
  })
  .meta({ id: 'OpenAiImageRequest' });

export type OpenAiRequest =
  | { readonly ok: true; readonly request: ImageRequest; readonly format: 'url' | 'b64_json' }
  | { readonly ok: false; readonly problem: Problem };

/** The image request that an OpenAI client means, or what is wrong with it under the client's own names. */
export function toImageRequest(body: unknown, catalogue: ModelCatalogue): OpenAiRequest {
  const parsed = openAiImageSchema.safeParse(body, IN_PLAIN_WORDS);
  if (!parsed.success) return { ok: false, problem: invalid(faultsOf(parsed.error)) };
  const { prompt, model, n, size, response_format, output_format, user } = parsed.data;
  const { negative_prompt, seed, steps, cfg_scale, sampler_name } = parsed.data;
  const [, width, height] = SIZE.exec(size ?? '') ?? [];
  const checked = checkImageRequest(
    {
      generation_settings: {
        prompt,
        negative_prompt,
        seed,
        steps,
        cfg_scale,
        sampler_name,
        n_iters: n ?? 1,
        model: model ?? defaultModel(catalogue),
        ...(width && height ? { width: Number(width), height: Number(height) } : {}),
        ...(output_format ? { format: output_format } : {}),
      },
      metadata: user === undefined ? {} : { user },
    },
    catalogue,
    { isOn: false, allowPrivate: false },
  );
  if (checked.ok) return { ok: true, request: checked.request, format: response_format ?? 'url' };
  const named = checked.faults.map(({ path, message }) => ({ path: ownName(path), message }));
  // width and height are one field here
  const faults = named.filter(
    (fault, index) => named.findIndex((first) => first.message === fault.message) === index,
  );
  const isModel = faults.some(({ path, message }) => path === 'model' && message.startsWith('unknown model'));
  return { ok: false, problem: { ...invalid(faults), ...(isModel ? { code: 'model_not_found' } : {}) } };
}

/** Clients may leave the model out; then it is the demo model, or the first there is. */
function defaultModel(catalogue: ModelCatalogue): string | undefined {
  return catalogue.knows('genfleet-demo', 'txt2img') ? undefined : catalogue.names('txt2img')[0];
}

function ownName(path: string): string {
  const name = path.replace(/^generation_settings\./, '').replace(/^metadata\.user$/, 'user');
  if (name === 'width' || name === 'height') return 'size';
  return name === 'n_iters' ? 'n' : name === 'format' ? 'output_format' : name;
}
