import type { Engine } from '@genfleet/engine';
import { EmbeddedEngine } from './embedded-engine.ts';

/** The demo model that comes with Genfleet. Its process starts at the first use. */
export function openEmbeddedEngine(): Engine {
  return new EmbeddedEngine();
}
