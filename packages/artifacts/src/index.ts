export { contentTypeOf, isArtifactKey } from './artifact-key.ts';
export type { ArtifactStore, StoredArtifact } from './artifact-store.ts';
export { checkKey, checkPut } from './check-put.ts';
