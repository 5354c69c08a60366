import type { JobHistory } from '@genfleet/client';
import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import { Button } from '../buttons.tsx';
import { CopyButton } from '../copy-button.tsx';
import { isEnded } from '../merge.ts';
import { Pill } from '../progress.tsx';
import { replaceAddress, route } from '../route.ts';
import { type Neighbour, Sheet } from '../sheet.tsx';
import { token } from '../token.ts';
import { KIND_WORDS, shortId } from '../wording.ts';
import { cancelJob, history, historyFault, openHistory, redriveJob, trouble } from './history.ts';
import { JobResult } from './job-result.tsx';
import { shown } from './list.ts';
import { Timeline } from './timeline-list.tsx';

interface Props {
  readonly id: string;
  /** Address of another job's history. */
  readonly hrefOf: (id: string) => string;
  /** Address of the table alone. */
  readonly list: string;
}

/** All that the ledger knows of a job, over the table. */
export function JobHistorySheet({ id, hrefOf, list }: Props): JSX.Element {
  useEffect(() => openHistory(id), [id, token.value]);
  const known = history.value?.id === id ? history.value : undefined;
  const toList = () => {
    // it closes as well because one has left by another way
    if (route.value.view === 'jobs' && route.value.id !== undefined) replaceAddress(list);
  };
  const neighbour = (label: string, by: 1 | -1): Neighbour => {
    const rows = shown.value?.rows ?? [];
    const at = rows.findIndex((row) => row.id === id);
    const next = at < 0 ? undefined : rows[at + by]?.id;
    return { label, go: next === undefined ? undefined : () => replaceAddress(hrefOf(next)) };
  };
  return (
    <Sheet
      title={`Job ${shortId(id)}`}
      newer={neighbour('Newer job', -1)}
      older={neighbour('Older job', 1)}
      onClose={toList}
    >
      {[historyFault.value, trouble.value].map(
        (said) =>
          said !== undefined && (
            <p key={said} class="notice fault" role="alert">
              {said}
            </p>
          ),
      )}
      {known ? <Body history={known} /> : historyFault.value === undefined && <p class="nothing">Loading…</p>}
    </Sheet>
  );
}

function Body({ history: known }: { history: JobHistory }): JSX.Element {
  const row = shown.value?.rows.find(({ id }) => id === known.id);
  const facts = [
    ['Kind', KIND_WORDS[known.kind]],
    ['Model', row?.model],
    ['Tenant', row?.tenant],
    ['Grouping', row?.grouping],
  ] as const;
  return (
    <div class="job-history">
      <div class="job-head">
        <div class="job-facts">
          <Pill status={known.status} />
          {facts.map(([name, value]) => value && <Fact key={name} name={name} value={value} />)}
          <span class="job-id">
            <code>{known.id}</code>
            <CopyButton text={known.id} label="Copy the id" />
          </span>
        </div>
        <div class="buttons">
          {known.status === 'dead' && (
            <Button icon="again" label="Redrive" kind="primary" onClick={() => void redriveJob(known)} />
          )}
          {!isEnded(known) && <Button icon="stop" label="Cancel" onClick={() => void cancelJob(known)} />}
        </div>
      </div>
      {known.status === 'completed' && <JobResult key={known.id} id={known.id} kind={known.kind} />}
      <Timeline history={known} />
    </div>
  );
}

function Fact({ name, value }: { name: string; value: string }): JSX.Element {
  return (
    <span>
      <span class="hint">{name}</span> {value}
    </span>
  );
}
