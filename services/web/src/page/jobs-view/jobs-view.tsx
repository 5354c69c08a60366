import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { Icon } from '../icons.tsx';
import { lazyPart } from '../lazy-part.tsx';
import { replaceAddress, route } from '../route.ts';
import { messageOf } from '../server.ts';
import { token } from '../token.ts';
import { filterOf, isChanged, type JobFilter, jobsHref, NO_FILTER } from './filter.ts';
import { FilterBar } from './filter-bar.tsx';
import { JobHistorySheet } from './job-history.tsx';
import { JobTable } from './job-table.tsx';
import { fault, isLoading, letIn, MAX_ROWS, openList, readOlder, shown, waiting } from './list.ts';
import { difference } from './rows.ts';

/** The charts, which ask the ledger as soon as they are there. */
const Charts = lazyPart('the charts', async () => (await import('./charts/charts.tsx')).Charts);

const MINUTE_MS = 60_000;

function change(by: Partial<JobFilter>): void {
  const at = route.value;
  if (at.view === 'jobs') replaceAddress(jobsHref({ ...filterOf(at.query), ...by }, at.id));
}

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
      <FilterBar filter={filter} onChange={change} />
      <ChartsPanel filter={filter} />
      {fault.value !== undefined && (
        <p class="notice fault" role="alert">
          {fault.value}
          <button type="button" class="quiet" onClick={() => (tries.value += 1)}>
            Try again
          </button>
        </p>
      )}
      <List filter={filter} body={body} />
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
      onToggle={({ currentTarget }) => change({ charts: currentTarget.open })}
    >
      <summary>
        <Icon name="chart" />
        Charts
      </summary>
      {filter.charts && <Charts filter={filter} />}
    </details>
  );
}

interface ListProps {
  readonly filter: JobFilter;
  readonly body: { current: HTMLTableSectionElement | null };
}

function List({ filter, body }: ListProps): JSX.Element {
  const nowMs = useNow();
  const rows = shown.value?.rows ?? [];
  if (!shown.value) {
    return <p class="nothing">{isLoading.value ? 'Loading…' : 'The jobs could not be read.'}</p>;
  }
  return (
    <section class="job-list" aria-label="List of jobs">
      <WaitingNote />
      {rows.length === 0 ? (
        <Empty filter={filter} />
      ) : (
        <JobTable
          rows={rows}
          hrefOf={(id) => jobsHref(filter, id)}
          nowMs={nowMs}
          isBusy={isLoading.value}
          body={body}
        />
      )}
      <Older filter={filter} />
    </section>
  );
}

/** The time, in Unix ms, as often as `5 min ago` needs it. */
function useNow(): number {
  const now = useSignal(Date.now());
  useEffect(() => {
    const timer = setInterval(() => (now.value = Date.now()), MINUTE_MS / 4);
    return () => clearInterval(timer);
  }, []);
  return now.value;
}

/** What came or went while the table was held still. */
function WaitingNote(): JSX.Element {
  const parts: string[] = [];
  if (shown.value && waiting.value) {
    const { come, gone } = difference(shown.value, waiting.value);
    if (come > 0) parts.push(`${come} new`);
    if (gone > 0) parts.push(`${gone} no longer here`);
  }
  return (
    <div class="waiting-note" role="status">
      {parts.length > 0 && (
        <button type="button" class="chip" onClick={letIn}>
          {parts.join(', ')}: show
        </button>
      )}
    </div>
  );
}

function Empty({ filter }: { filter: JobFilter }): JSX.Element {
  if (isLoading.value) return <p class="nothing">Loading…</p>;
  if (filter.last === 'all' && !isChanged({ ...filter, last: NO_FILTER.last })) {
    return <p class="nothing">No jobs yet. Make a picture and it is listed here.</p>;
  }
  return (
    <p class="nothing">
      {isChanged(filter) ? 'No job matches these filters.' : 'No job in the last 12 hours.'}{' '}
      {filter.last !== 'all' && (
        <button type="button" class="quiet" onClick={() => change({ last: 'all', from: '', to: '' })}>
          Look at all time
        </button>
      )}
    </p>
  );
}

function Older({ filter }: { filter: JobFilter }): JSX.Element | null {
  const isReading = useSignal(false);
  const trouble = useSignal<string | undefined>(undefined);
  if (shown.value?.next == null) return null;
  if (shown.value.rows.length >= MAX_ROWS) {
    return <p class="hint">There are more than {MAX_ROWS}. Narrow the filters to see others.</p>;
  }
  const read = async () => {
    if (isReading.value) return;
    isReading.value = true;
    trouble.value = undefined;
    await readOlder(filter).catch((error: unknown) => {
      trouble.value = messageOf(error);
    });
    isReading.value = false;
  };
  return (
    <div class="more-bar">
      <button type="button" onClick={() => void read()}>
        {isReading.value ? 'Loading…' : 'Load more'}
      </button>
      {trouble.value !== undefined && (
        <p class="fault" role="alert">
          {trouble.value}
        </p>
      )}
    </div>
  );
}
