export { ApiError } from './api-error.ts';
export type { CallOptions, ClientOptions } from './call.ts';
export {
  type Client,
  type CreatedImage,
  type CreateOptions,
  createClient,
  type ImagePage,
  type ListFilter,
} from './client.ts';
export type { Completions, StreamOptions } from './completions.ts';
export type { EventOptions } from './events.ts';
export type { JobFilter, Jobs, Ledger, NamedQueryParameters } from './ledger.ts';
export type {
  Accepted,
  CompletionChunk,
  CompletionResource,
  Image,
  ImageEvent,
  ImageStatus,
  JobHistory,
  JobHistoryEvent,
  JobKind,
  JobList,
  JobRow,
  LedgerAnswer,
  Model,
  NamedQuery,
  NewCompletion,
  NewImage,
  OpenAiError,
  Problem,
  Queue,
  Receipt,
  Redriven,
  RedrivenAll,
} from './types.ts';
