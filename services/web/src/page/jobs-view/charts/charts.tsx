import { ApiError, type LedgerAnswer } from '@genfleet/client';
import { useSignal } from '@preact/signals';
import type { ComponentChildren, JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import { client, messageOf } from '../../server.ts';
import { boundsOf, type JobFilter, type Period, periodOf } from '../filter.ts';
import { CausesChart } from './causes-chart.tsx';
import { causesOf } from './failures.ts';
import { SpreadChart } from './spread-chart.tsx';
import { binsOf } from './throughput.ts';
import { ThroughputChart } from './throughput-chart.tsx';
import { spreadsOf } from './waits.ts';

const MINUTE_MS = 60_000;

/** One question to the ledger: what it answered, or why it did not. */
type Asked = { readonly answer: LedgerAnswer } | { readonly refusal: string } | undefined;

/** A period and the moment it was taken at: charts stand still until they are asked for anew. */
interface Moment {
  readonly period: Period;
  readonly nowMs: number;
}

/** What the ledger says of the time range: how much, how long, what failed. */
export function Charts({ filter }: { filter: JobFilter }): JSX.Element {
  const asks = useSignal(0);
  const { kind, status, model, tenant, grouping, last, from, to } = filter;
  const key = `${last} ${from} ${to} ${asks.value}`;
  const isNarrower = status.length > 0 || [model, tenant, grouping].some((text) => text !== '');
  return (
    <div class="charts">
      <p class="bar hint">
        <span>
          {kind === '' ? 'All jobs' : 'All jobs of this kind'} in the time range.
          {isNarrower && ' The other filters do not apply to charts.'}
        </span>
        <button type="button" class="chip" onClick={() => (asks.value += 1)}>
          Ask again
        </button>
      </p>
      <Question key={`throughput ${key}`} title="Jobs that ended" name="outcomes-per-hour" filter={filter}>
        {(answer, { period, nowMs }) => {
          const zoneMs = -new Date(nowMs).getTimezoneOffset() * MINUTE_MS;
          return <ThroughputChart bins={binsOf(answer, kind, period, { nowMs, zoneMs })} />;
        }}
      </Question>
      <Question key={`waits ${key}`} title="How long they waited" name="wait-percentiles" filter={filter}>
        {(answer) => <SpreadChart spreads={spreadsOf(answer, kind)} />}
      </Question>
      <Question key={`runs ${key}`} title="How long they ran" name="run-percentiles" filter={filter}>
        {(answer) => <SpreadChart spreads={spreadsOf(answer, kind)} />}
      </Question>
      <Question key={`dead ${key}`} title="Why they failed" name="dead-letters" filter={filter}>
        {(answer) => <CausesChart causes={causesOf(answer, kind)} />}
      </Question>
    </div>
  );
}

interface QuestionProps {
  readonly title: string;
  /** Of the named query. */
  readonly name: string;
  readonly filter: JobFilter;
  readonly children: (answer: LedgerAnswer, moment: Moment) => ComponentChildren;
}

/** Asks once, when it is mounted, and leaves the question when it is not wanted any more. */
function Question({ title, name, filter, children }: QuestionProps): JSX.Element {
  const asked = useSignal<Asked>(undefined);
  const moment = useSignal<Moment>({ period: { fromMs: undefined, toMs: undefined }, nowMs: 0 });
  useEffect(() => {
    const gone = new AbortController();
    const nowMs = Date.now();
    moment.value = { period: periodOf(filter, nowMs), nowMs };
    client.ledger.ask(name, boundsOf(moment.value.period), { signal: gone.signal }).then(
      (answer) => {
        asked.value = { answer };
      },
      (error: unknown) => {
        if (!gone.signal.aborted) asked.value = { refusal: refusalLine(error) };
      },
    );
    return () => gone.abort();
  }, []);
  return (
    <section class="chart" aria-label={title}>
      <h2>{title}</h2>
      <Answer asked={asked.value}>{(answer) => children(answer, moment.value)}</Answer>
    </section>
  );
}

interface AnswerProps {
  readonly asked: Asked;
  readonly children: (answer: LedgerAnswer) => ComponentChildren;
}

function Answer({ asked, children }: AnswerProps): JSX.Element {
  if (!asked) return <p class="hint">Asking the ledger…</p>;
  if ('refusal' in asked) return <p class="hint">{asked.refusal}</p>;
  if (asked.answer.rows.length === 0) return <p class="hint">None in this time range.</p>;
  return <>{children(asked.answer)}</>;
}

/** The table does without the ledger, so this is no alarm. */
function refusalLine(error: unknown): string {
  const status = error instanceof ApiError ? error.status : undefined;
  if (status === 403) return 'Charts are for operators of this server.';
  if (status === 404) return 'This server takes no questions to its ledger.';
  if (status === 503) return 'The ledger can’t be read at the moment.';
  if (status === 504) return 'The ledger took too long. A shorter time range may help.';
  return messageOf(error);
}
