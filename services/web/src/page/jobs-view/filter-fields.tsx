import { useSignal } from '@preact/signals';
import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { fromLocalTime, type JobFilter, localTime } from './filter.ts';

/** How long somebody who types must pause before it is taken for what they want. */
const PAUSE_MS = 500;

export interface FilterProps {
  readonly filter: JobFilter;
  /** Changes the filter that is in the address by then. */
  readonly onChange: (change: Partial<JobFilter>) => void;
}

interface TextProps extends FilterProps {
  readonly name: 'model' | 'tenant' | 'grouping';
  readonly label: string;
  /** Suggestions, in a list called `filter-<name>s`. */
  readonly children?: ComponentChildren;
}

/** Taken after a pause, with Enter, or when it is left. */
export function TextFilter({ filter, onChange, name, label, children }: TextProps): JSX.Element {
  const text = useSignal(filter[name]);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  // the address may have changed by itself; what was typed lately is on its way there
  useEffect(() => {
    if (timer.current === undefined) text.value = filter[name];
  }, [filter[name]]);
  useEffect(() => () => clearTimeout(timer.current), []);
  const commit = () => {
    clearTimeout(timer.current);
    timer.current = undefined;
    const value = text.value.trim();
    if (value !== filter[name]) onChange({ [name]: value });
  };
  return (
    <div class="field">
      <label for={`filter-${name}`}>{label}</label>
      <input
        id={`filter-${name}`}
        type="text"
        autocomplete="off"
        spellcheck={false}
        maxLength={256}
        placeholder="Any"
        value={text.value}
        {...(children === undefined ? {} : { list: `filter-${name}s` })}
        onInput={({ currentTarget }) => {
          text.value = currentTarget.value;
          clearTimeout(timer.current);
          timer.current = setTimeout(commit, PAUSE_MS);
        }}
        onChange={commit}
      />
      {children}
    </div>
  );
}

interface TimeProps extends FilterProps {
  readonly name: 'from' | 'to';
  readonly label: string;
}

/** A moment on the browser's own clock. */
export function TimeFilter({ filter, onChange, name, label }: TimeProps): JSX.Element {
  return (
    <div class="field">
      <label for={`filter-${name}`}>{label}</label>
      <input
        id={`filter-${name}`}
        type="datetime-local"
        value={localTime(filter[name])}
        onChange={({ currentTarget }) => onChange({ [name]: fromLocalTime(currentTarget.value), last: '' })}
      />
    </div>
  );
}
