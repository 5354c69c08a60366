import type { Image, NewImage } from '@genfleet/client';

type Settings = Image['generation_settings'];

/** The form as it stands: texts, as they were typed. Empty means the server's default (a random seed). */
export interface Draft {
  readonly prompt: string;
  readonly negative_prompt: string;
  readonly model: string;
  readonly sampler_name: string;
  readonly steps: string;
  readonly cfg_scale: string;
  readonly width: string;
  readonly height: string;
  readonly seed: string;
  readonly batch_size: string;
  readonly format: string;
  /** Of the job, not of the picture. */
  readonly priority: string;
}

export type Field = keyof Draft;

export const FRESH: Draft = {
  prompt: '',
  negative_prompt: '',
  model: '',
  sampler_name: 'euler',
  steps: '20',
  cfg_scale: '7',
  width: '512',
  height: '512',
  seed: '',
  batch_size: '1',
  format: 'jpeg',
  priority: 'normal',
};

const NUMBERS: ReadonlySet<Field> = new Set(['steps', 'cfg_scale', 'width', 'height', 'seed', 'batch_size']);

/**
 * The request of a form. What reads as a number is sent as one, anything else as it was typed: the server says
 * what is wrong with it, in the same words to everybody.
 */
export function requestOf(draft: Draft): NewImage {
  const settings: Record<string, unknown> = { prompt: draft.prompt.trim() };
  for (const [field, text] of Object.entries(draft) as [Field, string][]) {
    const value = text.trim();
    if (field === 'prompt' || field === 'priority' || value === '') continue;
    const isExact = NUMBERS.has(field) && String(Number(value)) === value.replace(/^\+/, '');
    settings[field] = isExact ? Number(value) : value;
  }
  return {
    generation_settings: settings as NewImage['generation_settings'],
    ...priorityOf(draft.priority as Image['priority']),
  };
}

/** What every job is like that says nothing else need not be said. */
export function priorityOf(priority: Image['priority']): Pick<NewImage, 'priority'> {
  return priority === FRESH.priority ? {} : { priority };
}

/** The form that asks for the same picture again, as urgently as the form says. */
export function draftOf(settings: Settings): Omit<Draft, 'priority'> {
  return {
    prompt: settings.prompt,
    negative_prompt: settings.negative_prompt,
    model: settings.model,
    sampler_name: settings.sampler_name,
    steps: String(settings.steps),
    cfg_scale: String(settings.cfg_scale),
    width: String(settings.width),
    height: String(settings.height),
    seed: String(settings.seed),
    batch_size: String(settings.batch_size),
    format: settings.format ?? 'jpeg',
  };
}

/** The same job with a seed of its own. */
export function withNewSeed(image: Pick<Image, 'generation_settings' | 'priority'>): NewImage {
  const { seed: _seed, ...rest } = image.generation_settings;
  return { generation_settings: rest, ...priorityOf(image.priority) };
}

/** A draft read back from storage: fields that are missing or no text are fresh. */
export function draftFrom(stored: unknown): Draft {
  if (typeof stored !== 'object' || stored === null) return FRESH;
  const entries = Object.entries(stored).filter(
    ([field, value]) => Object.hasOwn(FRESH, field) && typeof value === 'string',
  );
  return { ...FRESH, ...Object.fromEntries(entries) };
}
