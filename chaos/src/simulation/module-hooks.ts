import { registerHooks } from 'node:module';
import { MUTANTS, type Patch } from './mutants.ts';

/** What the patched modules ask: whether this mutant is the one that runs. */
const MUTANT_IS = 'globalThis.genfleetMutant';

interface PatchedBuild {
  genfleetMutant: string | undefined;
}

/** From here on the patched modules behave as this mutant does; undefined makes them the product's again. */
export function behaveAs(mutant: string | undefined): void {
  (globalThis as unknown as PatchedBuild).genfleetMutant = mutant;
}

/**
 * Puts the stand-in where the image codec is imported, and the mutants' changes into the modules they are of, each behind
 * a question of whether it is wanted. To be called before the product's modules are loaded.
 */
export function installModuleHooks(): void {
  const sharp = new URL('still-sharp.ts', import.meta.url).href;
  const patches = Object.entries(MUTANTS).flatMap(([name, { patch }]) => (patch ? [{ name, patch }] : []));
  registerHooks({
    resolve: (specifier, context, next) =>
      specifier === 'sharp' ? { url: sharp, shortCircuit: true } : next(specifier, context),
    load: (url, context, next) => {
      const loaded = next(url, context);
      const own = patches.filter(({ patch }) => url.endsWith(patch.module));
      if (own.length === 0) return loaded;
      const source = own.reduce((text, { name, patch }) => patched(text, name, patch), String(loaded.source));
      return { ...loaded, source };
    },
  });
}

/** @throws Error when the module no longer holds what the mutant changes: then the mutant must follow. */
function patched(source: string, name: string, { module, find, replacement }: Patch): string {
  if (source.split(find).length !== 2) {
    throw new Error(
      `the mutant ${name} finds its place in ${module} ${source.split(find).length - 1} times, not once`,
    );
  }
  return source.replace(find, () => `(${MUTANT_IS} === '${name}' ? (${replacement}) : (${find}))`);
}
