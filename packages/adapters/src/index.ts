export { openArchive, openArtifacts } from './open-artifacts.ts';
export { openAuthenticator, openRateLimiter } from './open-auth.ts';
export { openBus } from './open-bus.ts';
export { type Engines, openEngines } from './open-engines.ts';
export { openLedger } from './open-ledger.ts';
export { openSegmentWriter } from './open-segment-writer.ts';
export { awaitTopics, prepareTopics } from './prepare-topics.ts';
