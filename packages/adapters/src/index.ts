export { openArtifacts } from './open-artifacts.ts';
export { openBus } from './open-bus.ts';
export { openEngine } from './open-engine.ts';
