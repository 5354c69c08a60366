export { ApiError } from './api-error.ts';
export {
  type CallOptions,
  type Client,
  type ClientOptions,
  type CreateOptions,
  createClient,
  type ImagePage,
  type ListFilter,
} from './client.ts';
export type { EventOptions } from './events.ts';
export type {
  Accepted,
  Image,
  ImageEvent,
  ImageStatus,
  Model,
  NewImage,
  Problem,
  Queue,
  Redriven,
  RedrivenAll,
} from './types.ts';
