import { setTimeout as sleep } from 'node:timers/promises';
import type { Mood } from '../fleet/model-container.ts';
import { EVERYWHERE, type Experiment } from './experiment.ts';

/** Shorter than the waits between four attempts, so that no job may die of it. */
const FAULT_MS = 1_200;

const MOODS: readonly (readonly [Exclude<Mood, 'well'>, string])[] = [
  ['hangs', 'the engine takes requests and answers nothing'],
  ['stalls', 'the engine tells of one step and of nothing more'],
  ['makes too few', 'the engine says that it is done without its pictures'],
  ['sends garbage', 'the engine sends bytes that are no picture'],
  ['talks nonsense', 'the engine breaks its protocol'],
  ['runs out of memory', 'the engine runs out of memory'],
  ['crashes', 'the engine ends its connections in the middle'],
];

/** An engine that hangs, lies, or falls over. */
export const engineFaults: readonly Experiment[] = MOODS.map(([mood, injects]) => ({
  name: `engine-${mood.replaceAll(' ', '-')}`,
  injects,
  on: mood === 'hangs' ? EVERYWHERE : ['embedded'],
  recoversWithinMs: 30_000,
  inject: async ({ fleet: { model } }) => {
    model.mood = mood;
    await sleep(FAULT_MS);
    model.mood = 'well';
  },
}));
