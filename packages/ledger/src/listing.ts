import { JOB_STATUSES, type JobState, type JobStatus, statusOf } from '@genfleet/job';

/** What the view can filter and count a job by. */
export interface Listing {
  readonly tenant: string;
  readonly model: string;
  readonly status: JobStatus;
  readonly kind: string;
  readonly grouping: string | null;
  /** Place in line, Unix ms and message id, of a job that waits. */
  readonly waitMs: number | null;
  readonly waitMessageId: string | null;
}

const UNREAD: Listing = {
  tenant: '',
  model: '',
  status: 'unknown',
  kind: '',
  grouping: null,
  waitMs: null,
  waitMessageId: null,
};

/** A job whose request was not read yet has nothing to list it by, whatever else is known of it. */
export function listingOf(state: JobState): Listing {
  const { request, requestOrder } = state;
  if (!request || !requestOrder) return UNREAD;
  const status = statusOf(state);
  const waits = isWaiting(status);
  return {
    tenant: request.tenant,
    model: request.settings.model,
    status,
    kind: request.kind,
    grouping: request.metadata['grouping'] ?? null,
    waitMs: waits ? requestOrder.timeMs : null,
    waitMessageId: waits ? requestOrder.messageId : null,
  };
}

export function isWaiting(status: JobStatus): boolean {
  return status === 'queued' || status === 'retrying';
}

/** Statuses are stored as their place in this list, which therefore only ever grows at its end. */
export function statusNumber(status: JobStatus): number {
  return JOB_STATUSES.indexOf(status);
}

export function sameListing(a: Listing, b: Listing): boolean {
  return (
    a.status === b.status &&
    a.waitMessageId === b.waitMessageId &&
    a.waitMs === b.waitMs &&
    a.tenant === b.tenant &&
    a.model === b.model &&
    a.kind === b.kind &&
    a.grouping === b.grouping
  );
}
