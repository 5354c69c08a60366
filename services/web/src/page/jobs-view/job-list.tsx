import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import { messageOf } from '../server.ts';
import { changeFilter } from './address.ts';
import { isChanged, type JobFilter, jobsHref, NO_FILTER } from './filter.ts';
import { JobTable } from './job-table.tsx';
import { isLoading, letIn, MAX_ROWS, readOlder, shown, waiting } from './list.ts';
import { difference } from './rows.ts';

const TICK_MS = 15_000;

interface Props {
  readonly filter: JobFilter;
  readonly body: { current: HTMLTableSectionElement | null };
}

/** The table and what belongs to it: what waits, why it is empty, and what is older. */
export function JobList({ filter, body }: Props): JSX.Element {
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
    const timer = setInterval(() => (now.value = Date.now()), TICK_MS);
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
        <button type="button" class="quiet" onClick={() => changeFilter({ last: 'all', from: '', to: '' })}>
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
