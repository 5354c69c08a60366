export { decodeEvent, decodeProgress, encodeEvent } from './codec.ts';
export {
  type Admission,
  decideCancel,
  decideClaim,
  decideDelivery,
  decideFailure,
  decideRedrive,
  decideRequest,
  type Failed,
  isPastDeadline,
  type Refusal,
  type RunDecision,
} from './decide.ts';
export { ERROR_CODES, type ErrorCode, GenfleetError } from './error.ts';
export {
  type ArtifactRef,
  artifactSchema,
  type CancelledEvent,
  type CompletedEvent,
  type DeadEvent,
  EVENT_VERSION,
  type Failure,
  failureSchema,
  type JobEvent,
  jobEventSchema,
  type ProgressEvent,
  type RequestedEvent,
  type StartedEvent,
  type Timings,
  timingsSchema,
} from './event.ts';
export { evolve } from './evolve.ts';
export { isUuid, jobIdTimeMs, newJobId } from './job-id.ts';
export {
  type ImageRequest,
  imageCount,
  imageRequestSchema,
  imageSeeds,
  LIMITS,
  metadataSchema,
  SAMPLERS,
  type Txt2ImgSettings,
  txt2imgSettingsSchema,
} from './settings.ts';
export {
  attemptOf,
  attemptsUsed,
  compareOrder,
  emptyState,
  failuresOf,
  isTerminal,
  JOB_STATUSES,
  type JobState,
  type JobStatus,
  type LedgerOrder,
  MAX_ATTEMPTS,
  type Outcome,
  type Start,
  statusOf,
} from './state.ts';
export {
  EVENT_TYPES,
  type EventType,
  KINDS,
  type Kind,
  progressTopic,
  type Topic,
  topicOf,
  topicsOf,
  WORKER_SUBSCRIPTION,
} from './topic.ts';
export { TRANSITIONS, TRIGGERS, type Trigger } from './transitions.ts';
export {
  ANNOUNCEMENT_TOPIC,
  type ModelInfo,
  modelInfoSchema,
  type WorkerAnnouncement,
  workerAnnouncementSchema,
} from './worker-announcement.ts';
