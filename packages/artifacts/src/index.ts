export type { ArtifactStore, StoredArtifact } from './artifact-store.ts';
