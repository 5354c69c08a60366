import type { Call, CallOptions } from './call.ts';
import { queryOf } from './query.ts';
import type { ImageStatus, JobHistory, JobKind, JobList, LedgerAnswer, NamedQuery } from './types.ts';

export interface JobFilter {
  /** All kinds where none is named. */
  readonly kind?: readonly JobKind[];
  readonly status?: readonly ImageStatus[];
  readonly model?: string;
  readonly tenant?: string;
  readonly grouping?: string;
  /** Requested at or after this time, ISO 8601. */
  readonly from?: string;
  /** Requested before this time. */
  readonly to?: string;
  /** 1 to 100, default 20. */
  readonly limit?: number;
  /** `next` of the page before. */
  readonly cursor?: string;
}

/** Calls about jobs of every kind: `GET /jobs`. */
export interface Jobs {
  /** Newest first. */
  list(filter?: JobFilter, options?: CallOptions): Promise<JobList>;
  /** Every event of a job, in the order of the ledger. */
  history(id: string, options?: CallOptions): Promise<JobHistory>;
}

export interface NamedQueryParameters {
  /** ISO 8601: what happened at or after this time. Default: all. */
  readonly from?: string;
  /** What happened before this time. */
  readonly to?: string;
  /** Id of the job that is asked about, where a query wants one. */
  readonly job?: string;
  readonly max_rows?: number;
  readonly timeout_seconds?: number;
}

/** Calls of `/ledger`, for operators. */
export interface Ledger {
  /** The questions that have a name. */
  queries(options?: CallOptions): Promise<NamedQuery[]>;
  ask(name: string, parameters?: NamedQueryParameters, options?: CallOptions): Promise<LedgerAnswer>;
}

export function jobCalls(call: Call): Jobs {
  return {
    list: async (filter = {}, options = {}) =>
      (await call(`/jobs${queryOf(filter)}`, options)).json() as Promise<JobList>,
    history: async (id, options = {}) =>
      (await call(`/jobs/${encodeURIComponent(id)}/history`, options)).json() as Promise<JobHistory>,
  };
}

export function ledgerCalls(call: Call): Ledger {
  return {
    queries: async (options = {}) => {
      const response = await call('/ledger/queries', options);
      return ((await response.json()) as { queries: NamedQuery[] }).queries;
    },
    ask: async (name, parameters = {}, options = {}) => {
      const url = `/ledger/queries/${encodeURIComponent(name)}${queryOf(parameters)}`;
      return (await call(url, options)).json() as Promise<LedgerAnswer>;
    },
  };
}
