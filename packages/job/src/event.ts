import { z } from 'zod';
import { choiceDeltaSchema, completionSettingsSchema, usageSchema } from './completion.ts';
import { ERROR_CODES } from './error.ts';
import { isUuid } from './job-id.ts';
import { ledgerSettingsSchema, metadataSchema, PRIORITIES } from './settings.ts';
import { KINDS, type Kind } from './topic.ts';

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
  tenant: z.string().min(1).max(128),
  /** 0 for the first life of the job, +1 each time it is brought back from the dead letters. */
  redrive: z.int().min(0),
};
const anyKind = { kind: z.enum(KINDS) };

const jobFields = {
  metadata: metadataSchema,
  request_time: timestamp,
  /** The run this message asks for, from 1. A retry is a new message with the next number. */
  attempt: z.int().min(1),
  /** What became of earlier attempts of this life, oldest first. */
  failures: z.array(failureSchema).max(16),
  /** `normal` when absent. */
  priority: z.enum(PRIORITIES).optional(),
  deadline: timestamp.optional(),
  webhook_url: z.string().optional(),
  /** Of a request sent with `Idempotency-Key`: hashes of tenant and key, and of the body. */
  idempotency: z.object({ key_sha256: z.string(), body_sha256: z.string() }).optional(),
};

/** What is particular to the jobs of a kind, in a request and in its dead letter. */
const ofKind = {
  txt2img: { kind: z.literal('txt2img'), settings: ledgerSettingsSchema },
  completion: {
    kind: z.literal('completion'),
    settings: completionSettingsSchema,
    /** A client waits for the text on an open connection: nobody wants it later. */
    interactive: z.boolean(),
    /** Text is sent on as it comes, not only at its end. */
    stream: z.boolean(),
    /** Prompt and text may be kept after the job. */
    store: z.boolean(),
    /** Of a request with `x-session-id`: a newer job of the same session supersedes this one. */
    session_sha256: z.string().optional(),
  },
} satisfies Record<Kind, z.ZodRawShape>;

const requested = { type: z.literal('requested'), ...head, ...jobFields, not_before: timestamp.optional() };

/** The job itself, waiting for a worker. On `requested_<kind>_generation`. */
export const requestedSchema = z.discriminatedUnion('kind', [
  z.object({ ...requested, ...ofKind.txt2img }),
  z.object({ ...requested, ...ofKind.completion }),
]);

/** A worker claims one run of the job. On `started_<kind>_generation`. */
export const startedSchema = z.object({
  type: z.literal('started'),
  ...head,
  ...anyKind,
  /** What the requesting message asked for; the fold counts the real number (see `attemptOf`). */
  attempt: z.int().min(1),
  /** Unique per claim, so that a worker finds its own among several. */
  claim: z.string().min(1),
  worker: z.string(),
  model: z.string(),
  time: timestamp,
  /**
   * Of a job that its worker chose before the bus handed it out: until this time, which the worker moves on while it
   * runs, nobody else can claim the attempt. See `countedClaims`.
   */
  ahead_until: timestamp.optional(),
  /** The same claim given back unfinished by a worker that was told to stop. */
  released: z.boolean().default(false),
});

const fileSchema = z.object({
  key: z.string(),
  content_type: z.string(),
  size_bytes: z.int().min(0),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
});

export const artifactSchema = fileSchema.extend({
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

const completed = {
  type: z.literal('completed'),
  ...head,
  attempt: z.int().min(1),
  worker: z.string(),
  model: z.string(),
  timings: timingsSchema,
  complete_time: timestamp,
};

/** On `completed_<kind>_generation`. */
export const completedSchema = z.discriminatedUnion('kind', [
  z.object({ ...completed, kind: z.literal('txt2img'), artifacts: z.array(artifactSchema).min(1) }),
  z.object({
    ...completed,
    kind: z.literal('completion'),
    usage: usageSchema,
    /** The text, of a job that may keep it: a `StoredCompletion` as JSON. */
    artifacts: z.array(fileSchema).max(1),
  }),
]);

const dead = {
  type: z.literal('dead'),
  ...head,
  ...jobFields,
  error: z.object({ code: z.enum(ERROR_CODES), message: z.string().max(2_000) }),
  time: timestamp,
};

/** The job with why it died. On `dlq_requested_<kind>_generation`. */
export const deadSchema = z.discriminatedUnion('kind', [
  z.object({ ...dead, ...ofKind.txt2img }),
  z.object({ ...dead, ...ofKind.completion }),
]);

/** On `cancelled_<kind>_generation`. */
export const cancelledSchema = z.object({
  type: z.literal('cancelled'),
  ...head,
  ...anyKind,
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

/** Narrows an event to a kind of job. */
type OfKind<Event, K extends Kind> = { [Each in Kind]: Extract<Event, { kind: Each }> }[K];

export type RequestedEvent<K extends Kind = Kind> = OfKind<z.output<typeof requestedSchema>, K>;
export type StartedEvent = z.output<typeof startedSchema>;
export type CompletedEvent<K extends Kind = Kind> = OfKind<z.output<typeof completedSchema>, K>;
export type DeadEvent<K extends Kind = Kind> = OfKind<z.output<typeof deadSchema>, K>;
export type CancelledEvent = z.output<typeof cancelledSchema>;
export type JobEvent = z.output<typeof jobEventSchema>;
export type Failure = z.output<typeof failureSchema>;
export type ArtifactRef = z.output<typeof artifactSchema>;
export type FileRef = z.output<typeof fileSchema>;
export type Timings = z.output<typeof timingsSchema>;

const progressHead = { id, redrive: z.int().min(0), attempt: z.int().min(1) };

/** A step of an image. Sent over the progress topic; lost when nobody listens. */
export const progressSchema = z.object({
  type: z.literal('progress'),
  ...progressHead,
  step: z.int().min(0),
  steps: z.int().min(1),
  /** A small JPEG as a base64 data URL. */
  preview: z.string().max(200_000).optional(),
});
export type ProgressEvent = z.output<typeof progressSchema>;

/**
 * Text of a completion, over the progress topic. That topic may lose messages, so they are numbered: a reader
 * that misses one knows that its text is broken.
 */
export const textSchema = z.object({
  type: z.literal('text'),
  ...progressHead,
  /** Of the run that writes it; two runs of one job number their texts each for itself. */
  claim: z.string(),
  /** From 0, without gaps within an attempt. */
  seq: z.int().min(0),
  deltas: z.array(choiceDeltaSchema),
  /** In the last message of a completed attempt. */
  end: z.object({ model: z.string(), usage: usageSchema }).optional(),
});
export type TextEvent = z.output<typeof textSchema>;

/** Whatever travels on a progress topic. */
export const newsSchema = z.discriminatedUnion('type', [progressSchema, textSchema]);
export type NewsEvent = z.output<typeof newsSchema>;
