export { contentTypeOf, isArtifactKey } from './artifact-key.ts';
export type { ArtifactStore, StoredArtifact } from './artifact-store.ts';
export { checkKey, checkObjectKey, checkObjectPut, checkPut } from './check-put.ts';
export type { ObjectStore, StoredObject } from './object-store.ts';
