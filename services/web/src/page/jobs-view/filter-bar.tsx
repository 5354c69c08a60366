import type { ComponentChildren, JSX } from 'preact';
import { Icon } from '../icons.tsx';
import { STATUS_WORDS } from '../progress.tsx';
import { known } from '../server.ts';
import { KIND_WORDS } from '../wording.ts';
import { isChanged, KINDS, type Last, NO_FILTER, STATUSES, type Status } from './filter.ts';
import { type FilterProps, TextFilter, TimeFilter } from './filter-fields.tsx';

const RANGES: readonly (readonly [last: Last, label: string])[] = [
  ['1h', 'Last hour'],
  ['12h', '12 hours'],
  ['24h', '24 hours'],
  ['7d', '7 days'],
  ['30d', '30 days'],
  ['all', 'All time'],
];

/** What to show of the jobs. Every choice is in the address at once. */
export function FilterBar(props: FilterProps): JSX.Element {
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
function StatusChips({ filter, onChange }: FilterProps): JSX.Element {
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

function RangeChips({ filter, onChange }: FilterProps): JSX.Element {
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
