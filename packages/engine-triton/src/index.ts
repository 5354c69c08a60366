export type { TritonCall } from './client.ts';
export { openTritonEngine, type TritonEngineOptions } from './triton-engine.ts';
