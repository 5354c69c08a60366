import { GenfleetError } from '@genfleet/job';
import { afterAll, beforeAll } from '@jest/globals';

const RUN_MS = 60_000;

export interface Stores<S> {
  /** A new handle on one and the same store, empty or not; called several times. */
  open(): Promise<S>;
  /** Takes the store away at the end; all handles were closed before. */
  destroy?(): Promise<void>;
}

/** One handle for all tests of the block around it. */
export function sharedStore<S extends { close(): Promise<void> }>({ open, destroy }: Stores<S>): () => S {
  let store: S;
  beforeAll(async () => {
    store = await open();
  }, RUN_MS);
  afterAll(async () => {
    await store?.close();
    await destroy?.();
  }, RUN_MS);
  return () => store;
}

/** The code of the GenfleetError that the promise rejects with; else a text that is none. */
export async function codeOf(promise: Promise<unknown>): Promise<string> {
  const thrown: unknown = await promise.then(
    () => 'nothing was thrown',
    (error: unknown) => error,
  );
  return thrown instanceof GenfleetError ? thrown.code : String(thrown);
}
