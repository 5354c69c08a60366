export type { ApiConfig, ApiOptions } from './options.ts';
export { type RunningApi, startApi } from './server.ts';
