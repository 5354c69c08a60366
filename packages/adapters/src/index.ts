export { openArtifacts } from './open-artifacts.ts';
export { openBus } from './open-bus.ts';
export { type Engines, openEngines } from './open-engines.ts';
