import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { Icon } from '../icons.tsx';
import { lazyPart } from '../lazy-part.tsx';
import { token } from '../token.ts';
import { changeFilter } from './address.ts';
import { filterOf, type JobFilter, jobsHref } from './filter.ts';
import { FilterBar } from './filter-bar.tsx';
import { JobHistorySheet } from './job-history.tsx';
import { JobList } from './job-list.tsx';
import { fault, openList } from './list.ts';

/** The charts, which ask the ledger as soon as they are there. */
const Charts = lazyPart('the charts', async () => (await import('./charts/charts.tsx')).Charts);

/** Every job there is or was: which, how long, how it ended and why. */
export function JobsView({ id, query }: { id: string | undefined; query: string }): JSX.Element {
  const filter = filterOf(query);
  const body = useRef<HTMLTableSectionElement>(null);
  const tries = useSignal(0);
  const list = jobsHref({ ...filter, charts: false });
  // with another token there may be other jobs to see
  useEffect(() => openList(filter, () => isHeld(body.current)), [list, tries.value, token.value]);
  return (
    <div class="jobs-page">
      <h1>Jobs</h1>
      <FilterBar filter={filter} onChange={changeFilter} />
      <ChartsPanel filter={filter} />
      {fault.value !== undefined && (
        <p class="notice fault" role="alert">
          {fault.value}
          <button type="button" class="quiet" onClick={() => (tries.value += 1)}>
            Try again
          </button>
        </p>
      )}
      <JobList filter={filter} body={body} />
      {id !== undefined && (
        <JobHistorySheet id={id} hrefOf={(other) => jobsHref(filter, other)} list={jobsHref(filter)} />
      )}
    </div>
  );
}

/** Rows keep still under a pointer, around the focus, and when the head of the table is out of sight. */
function isHeld(body: HTMLElement | null): boolean {
  if (!body) return false;
  const isPointedAt = matchMedia('(hover: hover)').matches && body.matches(':hover');
  return isPointedAt || body.matches(':focus-within') || body.getBoundingClientRect().top < 0;
}

function ChartsPanel({ filter }: { filter: JobFilter }): JSX.Element {
  return (
    <details
      class="more charts-panel panel"
      open={filter.charts}
      onToggle={({ currentTarget }) => changeFilter({ charts: currentTarget.open })}
    >
      <summary>
        <Icon name="chart" />
        Charts
      </summary>
      {filter.charts && <Charts filter={filter} />}
    </details>
  );
}
