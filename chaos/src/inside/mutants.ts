import type { LoadFnOutput } from 'node:module';

/** A change that breaks one promise of the product. */
export interface Mutant {
  readonly about: string;
  /** End of the module's address. */
  readonly module: string;
  /** Found exactly once, or the mutant is out of date, and the process that is to be it does not start. */
  readonly original: RegExp;
  readonly replacement: string;
  /** The experiment that must notice. */
  readonly caughtBy: string;
}

/** Between the two halves a second name is given to the whole, where the harness can be. */
const NOT_ATOMIC = {
  about: 'a file is written under its own name, piece by piece',
  module: '/packages/artifacts-file/src/durable-write.ts',
  original: /await link\(partial, join\(directory, name\)\);/,
  replacement: `
    const file = await open(join(directory, name), 'wx');
    await file.writeFile(bytes.subarray(0, bytes.length / 2));
    await link(partial, join(directory, partialName(randomUUID()) + name));
    await file.writeFile(bytes.subarray(bytes.length / 2));
    await file.close();`,
};

export const MUTANTS: Readonly<Record<string, Mutant>> = {
  'ack-before-publish': {
    about: 'a job is acknowledged before its outcome is published',
    module: '/services/worker/src/finish.ts',
    original: /await publishOutcome\(options, publisher, run, outcome\);\n *await ack\(run\);/,
    replacement: 'await ack(run);\nawait publishOutcome(options, publisher, run, outcome);',
    caughtBy: 'kill-completed.unsent',
  },
  'attempts-not-counted': {
    about: 'attempts are what the message says, and not counted in the ledger',
    module: '/packages/job/src/state.ts',
    original: /export function attemptOf\([^)]*\): number \| undefined \{\n/,
    replacement:
      '$&  if (state.starts.some((start) => start.claim === claim)) return state.request?.attempt ?? 1;\n',
    caughtBy: 'poison',
  },
  'archive-not-atomic': { ...NOT_ATOMIC, caughtBy: 'kill-archive.half' },
  'artifact-not-atomic': { ...NOT_ATOMIC, caughtBy: 'kill-artifact.half' },
};

/** The module as the mutant has it. @throws Error when what it changes is not there. */
export function mutate(name: string | undefined, url: string, loaded: LoadFnOutput): LoadFnOutput {
  const mutant = name === undefined ? undefined : MUTANTS[name];
  if (!mutant || !url.endsWith(mutant.module)) return loaded;
  const source = String(loaded.source);
  const places = [...source.matchAll(new RegExp(mutant.original, 'g'))].length;
  if (places !== 1) {
    throw new Error(
      `mutant ${name} is out of date: ${mutant.module} holds ${places} times ${mutant.original}`,
    );
  }
  return { ...loaded, source: source.replace(mutant.original, mutant.replacement) };
}
