import type { Model, NewCompletion } from '@genfleet/client';
import { computed, signal } from '@preact/signals';
import { codeModels } from '../server.ts';
import { store, stored } from '../storage.ts';
import type { Pace } from './suggester.ts';

export const LENGTHS = [
  { tokens: 24, label: 'Short' },
  { tokens: 64, label: 'Medium' },
  { tokens: 160, label: 'Long' },
] as const;

export const MAX_TEMPERATURE = 1.5;

export interface Settings {
  /** Empty for whichever there is. */
  readonly model: string;
  readonly temperature: number;
  /** In tokens. */
  readonly length: number;
}

const FRESH: Settings = { model: '', temperature: 0.2, length: 64 };

function read(): Settings {
  const given = (stored('code') ?? {}) as Partial<Record<keyof Settings, unknown>>;
  const { model, temperature, length } = given;
  const isWarm = typeof temperature === 'number' && temperature >= 0 && temperature <= MAX_TEMPERATURE;
  return {
    model: typeof model === 'string' ? model : FRESH.model,
    temperature: isWarm ? temperature : FRESH.temperature,
    length: LENGTHS.find(({ tokens }) => tokens === length)?.tokens ?? FRESH.length,
  };
}

export const settings = signal<Settings>(read());

export function change(part: Partial<Settings>): void {
  settings.value = { ...settings.value, ...part };
  store('code', settings.value);
}

/** The model that is asked: the chosen one while there is one of that name, else the first that somebody runs. */
export const model = computed<Model | undefined>(() => {
  const chosen = codeModels.value.find(({ name }) => name === settings.value.model);
  return chosen ?? codeModels.value.find(({ workers }) => workers > 0) ?? codeModels.value[0];
});

/** What the suggester is at. `nothing`: the model had nothing to say. */
export type Phase = 'idle' | 'asking' | 'writing' | 'ready' | 'nothing';

export const phase = signal<Phase>('idle');
/** What the model was asked last. */
export const asked = signal<NewCompletion | undefined>(undefined);
/** Why there are no suggestions, for people. */
export const fault = signal<string | undefined>(undefined);

export interface Tally {
  readonly shown: number;
  readonly accepted: number;
  readonly rejected: number;
  /** Of the last suggestion that was written to its end. */
  readonly pace: Pace | undefined;
}

/** Of this visit. */
export const tally = signal<Tally>({ shown: 0, accepted: 0, rejected: 0, pace: undefined });

export function count(outcome: 'shown' | 'accepted' | 'rejected'): void {
  tally.value = { ...tally.value, [outcome]: tally.value[outcome] + 1 };
}
