import { ApiError, type Model } from '@genfleet/client';
import { signal } from '@preact/signals';
import { type Draft, draftFrom, type Field, FRESH } from './draft.ts';
import { isUnanswered, messageOf, models } from './server.ts';
import { store, stored } from './storage.ts';

export interface Refusal {
  /** Faults of fields of the form. */
  readonly fields: Readonly<Partial<Record<Field, string>>>;
  /** All else. */
  readonly message: string | undefined;
}

/** What the demo model was tuned for; others follow the usual 7. */
const DEMO_CFG_SCALE = '2';

/** It stands there when the server has long been back, and must be true then. */
const UNANSWERED =
  'The server did not answer, so this picture is most likely not in line. Generate it again.';
const NONE: Refusal = { fields: {}, message: undefined };

export const draft = signal<Draft>(draftFrom(stored('draft')));
export const refusal = signal<Refusal>(NONE);
export const isSending = signal(false);

/** A fault is forgotten as soon as its field is changed. */
export function edit(change: Partial<Draft>): void {
  draft.value = { ...draft.value, ...change };
  store('draft', draft.value);
  const fields = { ...refusal.value.fields };
  for (const field of Object.keys(change) as Field[]) delete fields[field];
  refusal.value = { ...refusal.value, fields };
}

/** A form that names no model yet gets one that there is: the demo model if it is among them. */
export function chooseModel(known: readonly Model[]): void {
  const model = known.find(({ demo }) => demo) ?? known[0];
  if (!model || draft.value.model !== '') return;
  edit({ model: model.name, ...(model.demo ? { cfg_scale: DEMO_CFG_SCALE } : {}) });
}

export function resetSettings(): void {
  const { prompt } = draft.value;
  edit({ ...FRESH, prompt });
  chooseModel(models.value);
}

export function forgetRefusal(): void {
  refusal.value = NONE;
}

const PREFIX = 'generation_settings.';

/** Sorts the faults that the server named to the fields they belong to. */
export function refusalOf(error: unknown): Refusal {
  const faults = error instanceof ApiError ? (error.problem.errors ?? []) : [];
  if (isUnanswered(error)) return { fields: {}, message: UNANSWERED };
  if (faults.length === 0) return { fields: {}, message: messageOf(error) };
  const fields: Partial<Record<Field, string>> = {};
  const others: string[] = [];
  for (const { path, message } of faults) {
    const field = path.startsWith(PREFIX) ? path.slice(PREFIX.length) : path;
    // of several faults of one field the first is enough
    if (Object.hasOwn(FRESH, field)) fields[field as Field] ??= message;
    else others.push(`${path}: ${message}`);
  }
  return { fields, message: others.length > 0 ? others.join(' ') : undefined };
}
