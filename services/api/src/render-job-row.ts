import type { JobRow } from '@genfleet/client';
import { attemptsUsed, type JobState, jobIdTimeMs, type Kind, statusOf } from '@genfleet/job';

/** The job as a line of `GET /jobs`. Its request may be gone, as those of completions are after a while. */
export function renderJobRow(kind: Kind, tenant: string, state: JobState): JobRow {
  const { id, redrive, request, outcome } = state;
  const run = state.starts.findLast((start) => !start.released);
  const completed = outcome?.type === 'completed' ? outcome.event : undefined;
  const dead = outcome?.type === 'dead' ? outcome.event : undefined;
  const job = request ?? dead;
  const requestTime = job?.request_time ?? new Date(jobIdTimeMs(id) ?? 0).toISOString();
  const endTime =
    completed?.complete_time ?? dead?.time ?? (outcome?.type === 'cancelled' ? outcome.time : null);
  return {
    id,
    kind,
    status: statusOf(state),
    model: job?.settings.model ?? completed?.model ?? run?.model ?? null,
    tenant,
    grouping: job?.metadata['grouping'] ?? null,
    attempt: completed?.attempt ?? attemptsUsed(state),
    redrive,
    request_time: requestTime,
    end_time: endTime,
    queued_ms: completed?.timings.queued_ms ?? between(requestTime, run?.time),
    run_ms: completed ? busyMs(completed.timings) : between(run?.time, endTime ?? undefined),
    worker: completed?.worker ?? run?.worker ?? null,
    error: dead?.error ?? null,
  };
}

function busyMs({
  model_load_ms,
  generate_ms,
  store_ms,
}: {
  model_load_ms: number;
  generate_ms: number;
  store_ms: number;
}) {
  return model_load_ms + generate_ms + store_ms;
}

/** In ms; clocks of two machines may make it seem less than nothing. */
function between(from: string | undefined, to: string | undefined): number | null {
  return from === undefined || to === undefined ? null : Math.max(0, Date.parse(to) - Date.parse(from));
}
