import { SOUND, type Threshold } from './threshold.ts';

export const THRESHOLDS: readonly Threshold[] = [
  ...SOUND,
  {
    metric: 'suggestions',
    must: 'count>0',
    because: 'superseding must leave the last keystroke its answer',
  },
  {
    metric: 'superseded',
    must: 'count>0',
    because: 'keystrokes closer together than an answer takes must end the ones before',
  },
  {
    metric: 'suggestion_time',
    must: 'p(95)<1000',
    because: 'a suggestion that comes later is in the way of who types on',
    timed: true,
  },
];
