import type { JobRow } from '@genfleet/client';
import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import { CopyButton } from '../copy-button.tsx';
import { Pill } from '../progress.tsx';
import { ago, duration, KIND_WORDS, reason, shortId } from '../wording.ts';

const COLUMNS = [
  'Status',
  'Job',
  'Kind',
  'Model',
  'Tenant',
  'Asked for',
  'Waited',
  'Ran',
  'Attempts',
  'Worker',
  'Error',
] as const;

interface Props {
  readonly rows: readonly JobRow[];
  readonly hrefOf: (id: string) => string;
  /** For times like `5 min ago`, in Unix ms. */
  readonly nowMs: number;
  readonly isBusy: boolean;
  readonly body: { current: HTMLTableSectionElement | null };
}

/** Jobs, a line each. Where there is no room for columns each line becomes a card. */
export function JobTable({ rows, hrefOf, nowMs, isBusy, body }: Props): JSX.Element {
  return (
    <table class="job-table" aria-busy={isBusy}>
      <caption class="unseen">Jobs, newest first</caption>
      <thead>
        <tr>
          {COLUMNS.map((name) => (
            <th key={name} scope="col">
              {name}
            </th>
          ))}
        </tr>
      </thead>
      <tbody ref={body} onKeyDown={walk}>
        {rows.map((row) => (
          <Row key={row.id} row={row} href={hrefOf(row.id)} nowMs={nowMs} />
        ))}
      </tbody>
    </table>
  );
}

const STEPS: Readonly<Record<string, (at: number, count: number) => number>> = {
  ArrowDown: (at, count) => Math.min(at + 1, count - 1),
  ArrowUp: (at) => Math.max(at - 1, 0),
  Home: () => 0,
  End: (_at, count) => count - 1,
};

/** The arrow keys go from job to job. */
function walk(event: KeyboardEvent & { readonly currentTarget: HTMLElement }): void {
  const step = STEPS[event.key];
  if (!step || event.ctrlKey || event.altKey || event.metaKey) return;
  const links = [...event.currentTarget.querySelectorAll<HTMLElement>('.job-link')];
  const row = (event.target as Element).closest('tr');
  const at = links.findIndex((link) => row?.contains(link));
  links[step(at, links.length)]?.focus();
  event.preventDefault();
}

/** Drawn again only when it says something else: a refreshed list keeps the rows that have not changed. */
function Row({ row, href, nowMs }: { row: JobRow; href: string; nowMs: number }): JSX.Element {
  const asked = ago(Date.parse(row.request_time), nowMs);
  return useMemo(() => <Cells row={row} href={href} asked={asked} />, [row, href, asked]);
}

function Cells({ row, href, asked }: { row: JobRow; href: string; asked: string }): JSX.Element {
  return (
    // a larger target for the mouse; the link in it is for everybody
    <tr onClick={(event) => openRow(event, href)}>
      <td>
        <Pill status={row.status} />
      </td>
      <td class="job-id">
        <a class="job-link" href={href} title={row.id}>
          <code>{shortId(row.id)}</code>
        </a>
        <CopyButton text={row.id} label="Copy the id" />
      </td>
      <td data-label="Kind">{KIND_WORDS[row.kind]}</td>
      <td data-label="Model" class="name">
        {row.model ?? '–'}
      </td>
      <td data-label="Tenant" class="name">
        {row.tenant}
      </td>
      <td data-label="Asked for">
        <time dateTime={row.request_time} title={new Date(row.request_time).toLocaleString()}>
          {asked}
        </time>
      </td>
      <td data-label="Waited" class="number">
        {row.queued_ms === null ? '–' : duration(row.queued_ms)}
      </td>
      <td data-label="Ran" class="number">
        {row.run_ms === null ? '–' : duration(row.run_ms)}
      </td>
      <td data-label="Attempts" class="number">
        {row.attempt}
        {row.redrive > 0 && <span class="hint"> redriven {row.redrive} ×</span>}
      </td>
      <td data-label="Worker" class="name">
        {row.worker ?? '–'}
      </td>
      <td data-label="Error" class={row.error ? 'name error' : 'none'}>
        {row.error && <span title={row.error.message}>{reason(row.error.code)}</span>}
      </td>
    </tr>
  );
}

function openRow(event: MouseEvent, href: string): void {
  const isOfItsOwn = (event.target as Element).closest('a, button');
  const isSelecting = window.getSelection()?.toString() !== '';
  if (isOfItsOwn || isSelecting) return;
  window.location.hash = href;
}
