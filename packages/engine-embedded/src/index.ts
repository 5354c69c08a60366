import type { ImageEngine } from '@genfleet/engine';
import { EmbeddedEngine } from './embedded-engine.ts';

/** The demo model that comes with Genfleet. Its process starts at the first use. */
export function openEmbeddedEngine(): ImageEngine {
  return new EmbeddedEngine();
}
