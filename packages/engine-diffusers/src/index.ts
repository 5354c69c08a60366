export { type DiffusersOptions, openDiffusersEngine } from './diffusers-engine.ts';
