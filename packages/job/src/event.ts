import { z } from 'zod';
import { ERROR_CODES } from './error.ts';
import { isUuid } from './job-id.ts';
import { ledgerSettingsSchema, metadataSchema } from './settings.ts';
import { KINDS } from './topic.ts';

/** Version of the event schemas below; a reader refuses what is newer than itself. */
export const EVENT_VERSION = 1;

/** In lower case, so that one job has one id wherever it is compared. */
const id = z.string().refine(isUuid, { error: 'Invalid UUID in lower case' });
const timestamp = z.iso.datetime();
export const failureSchema = z.object({
  attempt: z.int().min(1),
  worker: z.string(),
  /** When the attempt ended. */
  time: timestamp,
  code: z.enum(ERROR_CODES),
  message: z.string().max(2_000),
});

const head = {
  version: z.literal(EVENT_VERSION),
  id,
  kind: z.enum(KINDS),
  tenant: z.string().min(1).max(128),
  /** 0 for the first life of the job, +1 each time it is brought back from the dead letters. */
  redrive: z.int().min(0),
};

const jobFields = {
  settings: ledgerSettingsSchema,
  metadata: metadataSchema,
  request_time: timestamp,
  /** The run this message asks for, from 1. A retry is a new message with the next number. */
  attempt: z.int().min(1),
  /** What became of earlier attempts of this life, oldest first. */
  failures: z.array(failureSchema).max(16),
  deadline: timestamp.optional(),
  webhook_url: z.string().optional(),
  /** Of a request sent with `Idempotency-Key`: hashes of tenant and key, and of the body. */
  idempotency: z.object({ key_sha256: z.string(), body_sha256: z.string() }).optional(),
};

/** The job itself, waiting for a worker. On `requested_<kind>_generation`. */
export const requestedSchema = z.object({
  type: z.literal('requested'),
  ...head,
  ...jobFields,
  not_before: timestamp.optional(),
});

/** A worker claims one run of the job. On `started_<kind>_generation`. */
export const startedSchema = z.object({
  type: z.literal('started'),
  ...head,
  /** What the requesting message asked for; the fold counts the real number (see `attemptOf`). */
  attempt: z.int().min(1),
  /** Unique per claim, so that a worker finds its own among several. */
  claim: z.string().min(1),
  worker: z.string(),
  model: z.string(),
  time: timestamp,
  /** The same claim given back unfinished by a worker that was told to stop. */
  released: z.boolean().default(false),
});

export const artifactSchema = z.object({
  key: z.string(),
  content_type: z.string(),
  size_bytes: z.int().min(0),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  width: z.int(),
  height: z.int(),
  seed: z.int(),
});

export const timingsSchema = z.object({
  /** From request to the start of this attempt, in ms. */
  queued_ms: z.number(),
  model_load_ms: z.number(),
  generate_ms: z.number(),
  store_ms: z.number(),
});

/** On `completed_<kind>_generation`. */
export const completedSchema = z.object({
  type: z.literal('completed'),
  ...head,
  attempt: z.int().min(1),
  worker: z.string(),
  model: z.string(),
  artifacts: z.array(artifactSchema).min(1),
  timings: timingsSchema,
  complete_time: timestamp,
});

/** The job with why it died. On `dlq_requested_<kind>_generation`. */
export const deadSchema = z.object({
  type: z.literal('dead'),
  ...head,
  ...jobFields,
  error: z.object({ code: z.enum(ERROR_CODES), message: z.string().max(2_000) }),
  time: timestamp,
});

/** On `cancelled_<kind>_generation`. */
export const cancelledSchema = z.object({
  type: z.literal('cancelled'),
  ...head,
  reason: z.string().max(200),
  time: timestamp,
});

export const jobEventSchema = z.discriminatedUnion('type', [
  requestedSchema,
  startedSchema,
  completedSchema,
  deadSchema,
  cancelledSchema,
]);

export type RequestedEvent = z.output<typeof requestedSchema>;
export type StartedEvent = z.output<typeof startedSchema>;
export type CompletedEvent = z.output<typeof completedSchema>;
export type DeadEvent = z.output<typeof deadSchema>;
export type CancelledEvent = z.output<typeof cancelledSchema>;
export type JobEvent = z.output<typeof jobEventSchema>;
export type Failure = z.output<typeof failureSchema>;
export type ArtifactRef = z.output<typeof artifactSchema>;
export type Timings = z.output<typeof timingsSchema>;

/** Sent over the progress topic; lost when nobody listens. */
export const progressSchema = z.object({
  type: z.literal('progress'),
  id,
  redrive: z.int().min(0),
  attempt: z.int().min(1),
  step: z.int().min(0),
  steps: z.int().min(1),
  /** A small JPEG as a base64 data URL. */
  preview: z.string().max(200_000).optional(),
});
export type ProgressEvent = z.output<typeof progressSchema>;
