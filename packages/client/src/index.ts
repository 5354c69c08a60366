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
export type {
  Accepted,
  CompletionChunk,
  CompletionResource,
  Image,
  ImageEvent,
  ImageStatus,
  Model,
  NewCompletion,
  NewImage,
  OpenAiError,
  Problem,
  Queue,
  Receipt,
  Redriven,
  RedrivenAll,
} from './types.ts';
