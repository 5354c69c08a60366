/** Stands in for `@genfleet/adapters` in a process of the fleet: the same adapters, watched. */
import * as adapters from '@genfleet/adapters';
import type { Config } from '@genfleet/config';
import { service } from './service.ts';
import { watchBus } from './watched-bus.ts';
import { watchEngine } from './watched-engine.ts';
import { watchArchive, watchArtifacts } from './watched-store.ts';

// what is exported below by the same name comes in its place
export * from '@genfleet/adapters';

export async function openBus(config: Config) {
  return watchBus(await adapters.openBus(config), service);
}

export async function openArtifacts(...args: Parameters<typeof adapters.openArtifacts>) {
  return watchArtifacts(await adapters.openArtifacts(...args));
}

export async function openArchive(...args: Parameters<typeof adapters.openArchive>) {
  return watchArchive(await adapters.openArchive(...args));
}

export async function openEngines(...args: Parameters<typeof adapters.openEngines>) {
  const engines = await adapters.openEngines(...args);
  return engines.txt2img ? { ...engines, txt2img: watchEngine(engines.txt2img) } : engines;
}
