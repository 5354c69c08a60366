import { useSignal } from '@preact/signals';
import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { Icon } from '../icons.tsx';
import { STATUS_WORDS } from '../progress.tsx';
import { known } from '../server.ts';
import { KIND_WORDS } from '../wording.ts';
import {
  fromLocalTime,
  isChanged,
  type JobFilter,
  KINDS,
  type Last,
  localTime,
  NO_FILTER,
  STATUSES,
  type Status,
} from './filter.ts';

/** How long somebody who types must pause before it is taken for what they want. */
const PAUSE_MS = 500;

const RANGES: readonly (readonly [last: Last, label: string])[] = [
  ['1h', 'Last hour'],
  ['12h', '12 hours'],
  ['24h', '24 hours'],
  ['7d', '7 days'],
  ['30d', '30 days'],
  ['all', 'All time'],
];

interface Props {
  readonly filter: JobFilter;
  /** Changes the filter that is in the address by then. */
  readonly onChange: (change: Partial<JobFilter>) => void;
}

/** What to show of the jobs. Every choice is in the address at once. */
export function FilterBar(props: Props): JSX.Element {
  const { filter, onChange } = props;
  const models = [...new Set(known.value.map(({ name }) => name))];
  return (
    <details class="more filters panel" open={matchMedia('(min-width: 48rem)').matches}>
      <summary>
        <Icon name="settings" />
        Filters
        {isChanged(filter) && <span class="hint">changed</span>}
      </summary>
      <search class="filter-fields">
        <div class="filter-chips">
          <StatusChips {...props} />
          <RangeChips {...props} />
          {isChanged(filter) && (
            <button
              type="button"
              class="quiet"
              onClick={() => onChange({ ...NO_FILTER, charts: filter.charts })}
            >
              Clear filters
            </button>
          )}
        </div>
        <div class="field">
          <label for="filter-kind">Kind</label>
          <select
            id="filter-kind"
            value={filter.kind}
            onChange={({ currentTarget }) => onChange({ kind: currentTarget.value })}
          >
            <option value="">All</option>
            {KINDS.map((kind) => (
              <option key={kind} value={kind}>
                {KIND_WORDS[kind]}
              </option>
            ))}
          </select>
        </div>
        <TextFilter {...props} name="model" label="Model">
          <datalist id="filter-models">
            {models.map((model) => (
              <option key={model} value={model} />
            ))}
          </datalist>
        </TextFilter>
        <TextFilter {...props} name="tenant" label="Tenant" />
        <TextFilter {...props} name="grouping" label="Grouping" />
        <TimeFilter {...props} name="from" label="From" />
        <TimeFilter {...props} name="to" label="To" />
      </search>
    </details>
  );
}

interface ChipProps {
  readonly isOn: boolean;
  readonly onClick: () => void;
  readonly children: ComponentChildren;
}

function Chip({ isOn, onClick, children }: ChipProps): JSX.Element {
  return (
    <button type="button" class="chip" aria-pressed={isOn} onClick={onClick}>
      {children}
    </button>
  );
}

/** Any of the chosen ones; none chosen is all. */
function StatusChips({ filter, onChange }: Props): JSX.Element {
  const toggled = (status: Status) =>
    STATUSES.filter((each) => filter.status.includes(each) !== (each === status));
  return (
    <fieldset class="chips">
      <legend>Status</legend>
      <Chip isOn={filter.status.length === 0} onClick={() => onChange({ status: [] })}>
        All
      </Chip>
      {STATUSES.map((status) => (
        <Chip
          key={status}
          isOn={filter.status.includes(status)}
          onClick={() => onChange({ status: toggled(status) })}
        >
          <span class="dot" data-status={status} />
          {STATUS_WORDS[status]}
        </Chip>
      ))}
    </fieldset>
  );
}

function RangeChips({ filter, onChange }: Props): JSX.Element {
  return (
    <fieldset class="chips">
      <legend>Asked for in</legend>
      {RANGES.map(([last, label]) => (
        <Chip key={label} isOn={filter.last === last} onClick={() => onChange({ last, from: '', to: '' })}>
          {label}
        </Chip>
      ))}
    </fieldset>
  );
}

interface TextProps extends Props {
  readonly name: 'model' | 'tenant' | 'grouping';
  readonly label: string;
  /** Suggestions, in a list called `filter-<name>s`. */
  readonly children?: ComponentChildren;
}

/** Taken after a pause, with Enter, or when it is left. */
function TextFilter({ filter, onChange, name, label, children }: TextProps): JSX.Element {
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

interface TimeProps extends Props {
  readonly name: 'from' | 'to';
  readonly label: string;
}

function TimeFilter({ filter, onChange, name, label }: TimeProps): JSX.Element {
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
