import type { ArtifactStore } from '@genfleet/artifacts';
import type { Authenticator, RateLimiter } from '@genfleet/auth';
import type { Bus } from '@genfleet/bus';
import type { Config } from '@genfleet/config';
import type { Kind } from '@genfleet/job';
import type { SqlLedger, View } from '@genfleet/ledger';
import type { Logger, Registry } from '@genfleet/telemetry';

/** The variables of the configuration that the API uses. */
export type ApiConfig = Pick<
  Config,
  | 'HOST'
  | 'PORT'
  | 'PUBLIC_URL'
  | 'MAX_BODY_BYTES'
  | 'MAX_QUEUED_JOBS'
  | 'MODELS'
  | 'ARTIFACT_URL_TTL_SECONDS'
  | 'COMPLETION_DEADLINE_SECONDS'
  | 'DRAIN_GRACE_MS'
  | 'WEBHOOK_SECRET'
  | 'WEBHOOK_ALLOW_PRIVATE'
  | 'DOCS_URL'
  | 'OPENAPI_URL'
  | 'REDOC_URL'
  | 'AUTH'
  | 'BYPASS_EXTERNAL_AUTH'
  | 'TENANT_HEADER'
  | 'OPERATORS'
  | 'LEDGER_QUERY'
>;

export interface ApiOptions {
  readonly bus: Bus;
  readonly views: Readonly<Record<Kind, View>>;
  readonly artifacts: ArtifactStore;
  readonly config: ApiConfig;
  /** Decides who may call. Default: everybody. The caller closes it after the API has stopped. */
  readonly authenticator?: Authenticator | undefined;
  /** How often they may. Default: as they like. The caller closes it likewise. */
  readonly limiter?: RateLimiter | undefined;
  /**
   * Answers `/ledger/…`, and about jobs that are older than the views; without it neither is there. The caller closes it
   * after the API has stopped.
   */
  readonly ledger?: SqlLedger | undefined;
  readonly log: Logger;
  /** Unix time in ms. */
  readonly clock: () => number;
  /** A new job id for this time. */
  readonly newId: (nowMs: number) => string;
  /** Seed of a job that names none. Default: random below 2^32. */
  readonly newSeed?: () => number;
  /** What `/metrics` shows; other services of the process may share it. Default: one of its own. */
  readonly registry?: Registry;
  /** Folder with the built page, served at `/`. */
  readonly webDir?: string;
  /** How long a whole request may take to come before the answer is 408, in ms. Default 30 s. */
  readonly requestTimeoutMs?: number;
  /** How long a publish may take before the answer is 503, in ms. Default 10 s. */
  readonly publishTimeoutMs?: number;
  /** How long a read waits for the view to catch up with a recent job, in ms. Default 2 s. */
  readonly catchUpMs?: number;
  /** Between two signs of life on an event stream, in ms. Default 15 s. */
  readonly heartbeatMs?: number;
}
