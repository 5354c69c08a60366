import { type ImageRequest, imageRequestSchema, SAMPLERS } from '@genfleet/job';
import type { ModelCatalogue } from '../feeds/catalogue.ts';
import { faultsOf } from '../http/faults.ts';
import type { Fault } from '../http/problem.ts';

export type Checked =
  | { readonly ok: true; readonly request: ImageRequest }
  | { readonly ok: false; readonly faults: readonly Fault[] };

/**
 * Checks a body against the schema and against what there is here: models, samplers, webhooks. Names all
 * faults of both at once.
 */
export function checkImageRequest(
  body: unknown,
  catalogue: ModelCatalogue,
  options: { readonly takesWebhooks: boolean },
): Checked {
  const parsed = imageRequestSchema.safeParse(body);
  const settings = parsed.success ? parsed.data.generation_settings : settingsIn(body);
  const faults = [...(parsed.success ? [] : faultsOf(parsed.error)), ...unknownNames(settings, catalogue)];
  if (!options.takesWebhooks && member(body, 'webhook_url') !== undefined) {
    // a promise that nobody would keep
    faults.push({ path: 'webhook_url', message: 'webhooks are not set up here (WEBHOOK_SECRET)' });
  }
  return parsed.success && faults.length === 0 ? { ok: true, request: parsed.data } : { ok: false, faults };
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
  if (model !== undefined && !catalogue.knows(model)) {
    const message = `unknown model ${quoted(model)}; there are: ${catalogue.names().join(', ')}`;
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
