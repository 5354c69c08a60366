import type { ModelCatalogue } from '@genfleet/catalogue';
import { type ImageRequest, IN_PLAIN_WORDS, imageRequestSchema, SAMPLERS } from '@genfleet/job';
import { faultsOf } from '../http/faults.ts';
import type { Fault } from '../http/problem.ts';
import { checkWebhookUrl } from '../webhooks/index.ts';

export type Checked =
  | { readonly ok: true; readonly request: ImageRequest }
  | { readonly ok: false; readonly faults: readonly Fault[] };

/** Whether webhooks are called here at all, and whether on this side of the network's edge. */
export interface WebhookPolicy {
  readonly isOn: boolean;
  readonly allowPrivate: boolean;
}

/**
 * Checks a body against the schema and against what there is here: models, samplers, webhooks. Names all
 * faults of both at once.
 */
export function checkImageRequest(
  body: unknown,
  catalogue: ModelCatalogue,
  webhooks: WebhookPolicy,
): Checked {
  const parsed = imageRequestSchema.safeParse(body, IN_PLAIN_WORDS);
  const settings = parsed.success ? parsed.data.generation_settings : settingsIn(body);
  const faults = [...(parsed.success ? [] : faultsOf(parsed.error)), ...unknownNames(settings, catalogue)];
  const webhook = webhookFault(member(body, 'webhook_url'), webhooks);
  if (webhook !== undefined && !faults.some(({ path }) => path === 'webhook_url')) {
    faults.push({ path: 'webhook_url', message: webhook });
  }
  return parsed.success && faults.length === 0 ? { ok: true, request: parsed.data } : { ok: false, faults };
}

/** Why a job can't have this webhook; undefined when it can, or names none. */
export function webhookFault(url: unknown, { isOn, allowPrivate }: WebhookPolicy): string | undefined {
  if (url === undefined) return undefined;
  // a promise that nobody would keep
  if (!isOn) return 'webhooks are not set up here (WEBHOOK_SECRET)';
  // what is no URL is the schema's to say
  return typeof url === 'string' && URL.canParse(url) ? checkWebhookUrl(url, { allowPrivate }) : undefined;
}

/** Model and sampler of a body that is wrong elsewhere, as far as they can be read. */
function settingsIn(body: unknown): { model?: string; sampler_name?: string } {
  const settings = member(body, 'generation_settings');
  const model = member(settings, 'model');
  const sampler = member(settings, 'sampler_name');
  return {
    ...(typeof model === 'string' && model !== '' ? { model } : {}),
    ...(typeof sampler === 'string' && sampler !== '' ? { sampler_name: sampler } : {}),
  };
}

function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}

function unknownNames(
  settings: { readonly model?: string; readonly sampler_name?: string },
  catalogue: ModelCatalogue,
): Fault[] {
  const faults: Fault[] = [];
  const { model, sampler_name: sampler } = settings;
  if (model !== undefined && !catalogue.knows(model, 'txt2img')) {
    const message = `unknown model ${quoted(model)}; there are: ${catalogue.names('txt2img').join(', ')}`;
    faults.push({ path: 'generation_settings.model', message });
  }
  const samplers = catalogue.samplers(model) ?? SAMPLERS;
  if (sampler !== undefined && !samplers.some((known) => known === sampler)) {
    const message = `unknown sampler ${quoted(sampler)}; there are: ${samplers.join(', ')}`;
    faults.push({ path: 'generation_settings.sampler_name', message });
  }
  return faults;
}

const quoted = (text: string) => JSON.stringify(text.slice(0, 80));
