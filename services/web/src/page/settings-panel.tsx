import type { Model } from '@genfleet/client';
import { useComputed } from '@preact/signals';
import type { JSX } from 'preact';
import { type Choice, NumberField, SelectField, TextField } from './fields.tsx';
import { draft, edit, resetSettings } from './form.ts';
import { Icon } from './icons.tsx';
import { models } from './server.ts';

const SIZES = [
  { label: 'Square', width: '512', height: '512' },
  { label: 'Wide', width: '768', height: '512' },
  { label: 'Tall', width: '512', height: '768' },
] as const;

/** Whose turn it is first; those of one priority share what there is. */
const PRIORITIES: readonly Choice[] = [
  { value: 'high', label: 'High' },
  { value: 'normal', label: 'Normal' },
  { value: 'low', label: 'Low: may wait' },
];

/** Longer names for samplers that have one; any other is shown as it is. */
const SAMPLER_NAMES: Readonly<Record<string, string>> = {
  euler: 'Euler',
  euler_a: 'Euler ancestral',
  ddim: 'DDIM',
  dpmpp_2m: 'DPM++ 2M',
  heun: 'Heun',
};
/** A random seed of the form: short enough to read out. */
const SEEDS = 2 ** 32;

/** The model of the form: by name or alias, or the one that jobs without a name get. */
export function useModel(): Model | undefined {
  return useComputed(() => {
    const name = draft.value.model;
    const named = models.value.find((model) => model.name === name || model.aliases.includes(name));
    return named ?? (name === '' ? models.value[0] : undefined);
  }).value;
}

function modelChoices(): Choice[] {
  const known = models.value.map(({ name, demo }) => ({
    value: name,
    label: demo ? `${name} (demo)` : name,
  }));
  const own = draft.value.model;
  const isMissing = own !== '' && known.every(({ value }) => value !== own);
  return [
    ...(known.length === 0 || own === '' ? [{ value: '', label: 'Default' }] : []),
    ...known,
    ...(isMissing ? [{ value: own, label: own }] : []),
  ];
}

function samplerChoices(model: Model | undefined): Choice[] {
  const own = draft.value.sampler_name;
  const names = new Set([...(model?.samplers ?? []), ...(own === '' ? [] : [own])]);
  return [...names].map((value) => ({ value, label: SAMPLER_NAMES[value] ?? value }));
}

function drawSeed(): void {
  edit({ seed: String(Math.floor(Math.random() * SEEDS)) });
}

export function SettingsPanel(): JSX.Element {
  const model = useModel();
  return (
    <div class="settings">
      <SelectField
        field="model"
        label="Model"
        choices={modelChoices()}
        wide
        hint={<ModelHint model={model} />}
      />
      <TextField
        field="negative_prompt"
        label="Negative prompt"
        rows={1}
        wide
        placeholder="What should not be there"
      />
      <SizePresets />
      <NumberField field="width" label="Width" min={64} max={2048} step={8} />
      <NumberField field="height" label="Height" min={64} max={2048} step={8} />
      <NumberField field="steps" label="Steps" min={1} max={150} hint="More are finer and slower" />
      <NumberField
        field="cfg_scale"
        label="CFG scale"
        min={0}
        max={30}
        step={0.5}
        hint="How closely to keep to the words"
      />
      <SelectField field="sampler_name" label="Sampler" choices={samplerChoices(model)} />
      <NumberField field="batch_size" label="Pictures" min={1} max={16} hint="Each has a seed of its own" />
      <NumberField
        field="seed"
        label="Seed"
        min={0}
        placeholder="Random"
        hint="The same seed and settings give the same picture"
        wide
      >
        {draft.value.seed === '' ? (
          <button type="button" class="quiet" onClick={drawSeed}>
            <Icon name="dice" />
            Draw one
          </button>
        ) : (
          <button type="button" class="quiet" onClick={() => edit({ seed: '' })}>
            Random each time
          </button>
        )}
      </NumberField>
      <SelectField
        field="format"
        label="File type"
        choices={[
          { value: 'jpeg', label: 'JPEG' },
          { value: 'png', label: 'PNG' },
        ]}
      />
      <SelectField field="priority" label="Priority" choices={PRIORITIES} />
      <button type="button" class="quiet reset" onClick={resetSettings}>
        Reset settings
      </button>
    </div>
  );
}

function ModelHint({ model }: { model: Model | undefined }): JSX.Element | null {
  if (!model) return models.value.length === 0 ? <>No worker has announced a model yet.</> : null;
  if (model.workers === 0) return <>No worker runs it at the moment; jobs will wait in line.</>;
  return <>{model.workers === 1 ? '1 worker runs it.' : `${model.workers} workers run it.`}</>;
}

function SizePresets(): JSX.Element {
  return (
    <fieldset class="presets wide">
      <legend>Shape</legend>
      {SIZES.map(({ label, width, height }) => (
        <button
          key={label}
          type="button"
          class="chip"
          aria-pressed={draft.value.width === width && draft.value.height === height}
          onClick={() => edit({ width, height })}
        >
          {label}
        </button>
      ))}
    </fieldset>
  );
}
