import type { JobHistory } from '@genfleet/client';
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { RawText } from '../raw-text.tsx';
import { duration, reason } from '../wording.ts';
import { type Run, runsOf, type Step } from './timeline.ts';

/** The events of a job, those of each attempt together, with the time that passed between them. */
export function Timeline({ history }: { history: JobHistory }): JSX.Element {
  const runs = runsOf(history);
  return (
    <ol class="timeline">
      {runs.map((run) => (
        <RunItem key={`${run.redrive}/${run.attempt}`} run={run} />
      ))}
      {runs.length === 0 && <li class="nothing">The ledger has no events of it any more.</li>}
    </ol>
  );
}

function RunItem({ run }: { run: Run }): JSX.Element {
  const { attempt, redrive, failure } = run;
  return (
    <li class="run">
      <h3>
        Attempt {attempt}
        {redrive > 0 && <span class="hint"> after redrive {redrive}</span>}
      </h3>
      <ol class="steps">
        {run.steps.map((step) => (
          <StepItem key={step.event.message_id + step.event.topic} step={step} />
        ))}
        {failure && (
          <li class="step" data-type="failed">
            <p>
              <strong>Failed</strong> {reason(failure.code)}. {failure.message}
            </p>
          </li>
        )}
      </ol>
    </li>
  );
}

function StepItem({ step }: { step: Step }): JSX.Element {
  const { event, title, detail, sinceMs, isLate } = step;
  return (
    <li class="step" data-type={event.type}>
      <p>
        <strong>{title}</strong> {detail}
        {isLate && <span class="hint"> It had ended before: this changes nothing.</span>}
      </p>
      <p class="hint">
        <time dateTime={event.time}>{new Date(event.time).toLocaleString()}</time>
        {sinceMs !== undefined && ` · ${duration(sinceMs)} later`}
      </p>
      <RawEvent step={step} />
    </li>
  );
}

/** The message as it stands in the ledger; put into text when somebody wants to see it. */
function RawEvent({ step: { event } }: { step: Step }): JSX.Element {
  const isOpen = useSignal(false);
  return (
    <details onToggle={({ currentTarget }) => (isOpen.value = currentTarget.open)}>
      <summary>Event</summary>
      {isOpen.value && (
        <>
          <p class="hint">
            {event.topic} · {event.message_id}
          </p>
          <RawText label="Event as JSON" text={JSON.stringify(event.event, null, 2)} />
        </>
      )}
    </details>
  );
}
