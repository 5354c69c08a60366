import type { Config } from '@genfleet/config';
import type { Engine } from '@genfleet/engine';

/** The engine that `ENGINE_URL` names. It may not answer yet: ask its `health`. */
export async function openEngine(config: Config): Promise<Engine> {
  const url = config.ENGINE_URL;
  if (url.startsWith('embedded:')) return (await import('@genfleet/engine-embedded')).openEmbeddedEngine();
  return (await import('@genfleet/engine-diffusers')).openDiffusersEngine({ url });
}
