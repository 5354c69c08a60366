import { EmbeddedEngine } from './embedded-engine.ts';

export type { EmbeddedEngine } from './embedded-engine.ts';

/** The demo models that come with Genfleet. Their process starts at the first use. */
export function openEmbeddedEngine(): EmbeddedEngine {
  return new EmbeddedEngine();
}
