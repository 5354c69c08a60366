import type { ComponentChildren, JSX } from 'preact';
import type { Field } from './draft.ts';
import { draft, edit, refusal } from './form.ts';

interface FieldProps {
  readonly field: Field;
  readonly label: string;
  /** Said under the field as long as nothing is wrong with it. */
  readonly hint?: ComponentChildren;
  readonly wide?: boolean;
}

/** What every control of the form has: its value, its id, and the words that belong to it. */
function control(field: Field, hint: ComponentChildren) {
  const fault = refusal.value.fields[field];
  return {
    id: field,
    name: field,
    value: draft.value[field],
    onInput: (event: { currentTarget: { value: string } }) => edit({ [field]: event.currentTarget.value }),
    ...(fault === undefined ? {} : { 'aria-invalid': true as const }),
    ...(fault === undefined && hint === undefined ? {} : { 'aria-describedby': `${field}-note` }),
  };
}

function Labelled({ field, label, hint, wide, children }: FieldProps & { children: ComponentChildren }) {
  const fault = refusal.value.fields[field];
  return (
    <div class={wide ? 'field wide' : 'field'}>
      <label for={field}>{label}</label>
      {children}
      {(fault !== undefined || hint !== undefined) && (
        <p id={`${field}-note`} class={fault === undefined ? 'hint' : 'fault'}>
          {fault ?? hint}
        </p>
      )}
    </div>
  );
}

interface NumberProps extends FieldProps {
  readonly min: number;
  readonly max?: number;
  readonly step?: number;
  readonly placeholder?: string;
  readonly children?: ComponentChildren;
}

export function NumberField({
  children,
  min,
  max,
  step = 1,
  placeholder,
  ...props
}: NumberProps): JSX.Element {
  return (
    <Labelled {...props}>
      <span class="with-button">
        <input
          type="number"
          inputMode={step < 1 ? 'decimal' : 'numeric'}
          min={min}
          step={step}
          {...(max === undefined ? {} : { max })}
          {...(placeholder === undefined ? {} : { placeholder })}
          {...control(props.field, props.hint)}
        />
        {children}
      </span>
    </Labelled>
  );
}

export function TextField({
  rows,
  placeholder,
  ...props
}: FieldProps & { rows: number; placeholder?: string }) {
  return (
    <Labelled {...props}>
      <textarea
        rows={rows}
        dir="auto"
        {...(placeholder === undefined ? {} : { placeholder })}
        {...control(props.field, props.hint)}
      />
    </Labelled>
  );
}

export interface Choice {
  readonly value: string;
  readonly label: string;
}

export function SelectField({ choices, ...props }: FieldProps & { choices: readonly Choice[] }): JSX.Element {
  return (
    <Labelled {...props}>
      <select {...control(props.field, props.hint)}>
        {choices.map(({ value, label }) => (
          <option key={value} value={value}>
            {label}
          </option>
        ))}
      </select>
    </Labelled>
  );
}
